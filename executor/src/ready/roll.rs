//! The rolls on which the wakes of scoped tasks are written.
//!
//! A child of a scope is polled by the scope, inside the task that owns it, so
//! its wake cannot go in the queue: it goes on the scope's roll, and the owner
//! goes in the queue in its place. **Invariant:** a child is on its roll at
//! most once, in the order of its first wake; and whoever waits for the scope
//! is told of the first wake after each call of the roll.
//!
//! Written by the ready queue; called by the `scope` room.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::task::Waker;

use crate::error::{caught, report};
use crate::slab::TaskKey;

/// Who is to be told of a wake.
pub(crate) enum Told {
    /// A task, by number.
    Task(TaskKey),
    /// The holder of a waker; and the task in whose poll it was handed over.
    Waker(Option<TaskKey>, Waker),
}

/// Which children of one scope were woken.
#[derive(Default)]
pub(crate) struct Roll {
    woken: RefCell<Vec<TaskKey>>,
    /// `None` once told.
    waiter: Cell<Option<Told>>,
}

impl Roll {
    /// Moves those that were woken to the end of `round`, and asks for
    /// `waiter` to be told of the next.
    pub(crate) fn call(&self, round: &mut Vec<TaskKey>, waiter: Told) {
        round.append(&mut self.woken.borrow_mut());
        let displaced = self.waiter.replace(Some(waiter));
        drop(displaced);
    }

    /// Nobody waits for the scope any more.
    pub(crate) fn forget_waiter(&self) {
        drop(self.waiter.take());
    }

    /// The task that waits for the scope.
    fn waiting_task(&self) -> Option<TaskKey> {
        let waiter = self.waiter.take();
        let task = match &waiter {
            Some(Told::Task(task)) => Some(*task),
            Some(Told::Waker(task, _)) => *task,
            None => None,
        };
        self.waiter.set(waiter);
        task
    }
}

/// The roll of each scoped task.
#[derive(Default)]
pub(super) struct Rolls(RefCell<HashMap<TaskKey, Rc<Roll>>>);

impl Rolls {
    pub(super) fn insert(&self, task: TaskKey, roll: &Rc<Roll>) {
        self.0.borrow_mut().insert(task, Rc::clone(roll));
    }

    pub(super) fn remove(&self, task: TaskKey) {
        let roll = self.0.borrow_mut().remove(&task);
        drop(roll);
    }

    /// Writes a task down. Gives whoever is to be told, if nobody was yet.
    pub(super) fn write(&self, task: TaskKey) -> Option<Told> {
        let rolls = self.0.borrow();
        let roll = rolls.get(&task)?;
        roll.woken.borrow_mut().push(task);
        roll.waiter.take()
    }

    /// Each scope that somebody waits for, with the children it still has.
    pub(super) fn waits(&self) -> Vec<(TaskKey, Vec<TaskKey>)> {
        let rolls = self.0.borrow();
        let mut waits: HashMap<*const Roll, (TaskKey, Vec<TaskKey>)> = HashMap::new();
        for (&child, roll) in rolls.iter() {
            if let Some(owner) = roll.waiting_task() {
                let entry = waits.entry(Rc::as_ptr(roll));
                entry.or_insert((owner, Vec::new())).1.push(child);
            }
        }
        waits.into_values().collect()
    }
}

/// Wakes a waker that is not ours; its panic is reported, not passed on.
pub(super) fn tell(waker: Waker) {
    if let Err(text) = caught(|| waker.wake()) {
        report(format_args!("a waker panicked: {text}"));
    }
}
