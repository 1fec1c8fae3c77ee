//! The end of a loop: which of its tasks is dropped first?

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;

use docs::Exercise;

/// A task that is left: its number, and what is dropped with it.
struct Task {
    number: u64,
    _future: Guard,
}

/// The slots of a loop. A slot is used again, so the order of the slots is not
/// the order in which the tasks were spawned.
#[derive(Clone, Default)]
struct Tasks(Rc<RefCell<Vec<Option<Task>>>>);

impl Tasks {
    /// Drops all tasks, the youngest first.
    fn close(&self) {
        let youngest = || {
            let slots = self.0.borrow();
            let tasks = slots.iter().enumerate();
            let numbers = tasks.filter_map(|(slot, task)| Some((task.as_ref()?.number, slot)));
            numbers.max()
        };
        while let Some((_, slot)) = youngest() {
            let task = self.0.borrow_mut()[slot].take();
            drop(task); // with nothing borrowed
        }
    }

    fn spawn(&self, slot: usize, number: u64, dropped: &Rc<RefCell<Vec<u64>>>) {
        let _future = Guard {
            number,
            tasks: self.clone(),
            dropped: Rc::clone(dropped),
        };
        let mut slots = self.0.borrow_mut();
        let length = slots.len().max(slot + 1);
        slots.resize_with(length, || None);
        slots[slot] = Some(Task { number, _future });
    }

    /// The numbers of the tasks that are left.
    fn left(&self) -> Vec<u64> {
        let slots = self.0.borrow();
        slots.iter().flatten().map(|task| task.number).collect()
    }
}

/// Looks at the tasks that are left when it is dropped, as a destructor may.
struct Guard {
    number: u64,
    tasks: Tasks,
    dropped: Rc<RefCell<Vec<u64>>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        assert!(!self.tasks.left().contains(&self.number));
        self.dropped.borrow_mut().push(self.number);
    }
}

fn main() -> ExitCode {
    let hint = "look for the greatest number among the tasks that are left, until none is left";
    Exercise::new(hint).judge("close", || {
        let (tasks, dropped) = (Tasks::default(), Rc::default());
        // Task 1 has ended, and its slot is that of task 4.
        for (slot, number) in [(0, 4), (1, 2), (2, 3)] {
            tasks.spawn(slot, number, &dropped);
        }
        tasks.close();
        match dropped.borrow()[..] {
            [4, 3, 2] => Ok(()),
            ref other => Err(format!("the tasks were dropped in the order {other:?}")),
        }
    })
}
