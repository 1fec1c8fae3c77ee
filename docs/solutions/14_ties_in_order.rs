//! A timer heap that knows which timer was added first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter;
use std::process::ExitCode;

use docs::Exercise;

/// The derived order compares the fields from the top to the bottom.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Timer {
    deadline: u64,
    /// How many timers were added before this one.
    number: u64,
    name: &'static str,
}

/// A heap gives the greatest value first; `Reverse` makes that the smallest.
#[derive(Default)]
struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
    added: u64,
}

impl Timers {
    fn add(&mut self, deadline: u64, name: &'static str) {
        let number = self.added;
        self.added += 1;
        self.heap.push(Reverse(Timer {
            deadline,
            number,
            name,
        }));
    }

    fn pop_due(&mut self, now: u64) -> Option<&'static str> {
        let Reverse(first) = self.heap.peek()?;
        if first.deadline > now {
            return None;
        }
        self.heap.pop().map(|Reverse(timer)| timer.name)
    }
}

fn main() -> ExitCode {
    let hint = "give each timer a number, and the field a place above the name";
    Exercise::new(hint).judge("the heap", || {
        let mut timers = Timers::default();
        let added = [(20, "late"), (10, "rye"), (10, "oats"), (10, "wheat")];
        for (deadline, name) in added {
            timers.add(deadline, name);
        }
        let fired: Vec<_> = iter::from_fn(|| timers.pop_due(20)).collect();
        match fired == ["rye", "oats", "wheat", "late"] {
            true => Ok(()),
            false => Err(format!("the timers fired in the order {fired:?}")),
        }
    })
}
