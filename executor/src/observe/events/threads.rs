//! Numbers for threads.
//!
//! **Invariant:** numbers are given in order of appearance, none twice, and the
//! loop's thread has none. A thread keeps its number until [`KEPT`] others have
//! appeared after it.
//!
//! Called by `events`.

use std::collections::VecDeque;
use std::thread::ThreadId;

/// How many threads are remembered: more than a program runs at once, and few
/// enough to search one by one.
const KEPT: usize = 256;

/// The threads of which events were reported.
#[derive(Default)]
pub(super) struct Threads {
    event_loop: Option<ThreadId>,
    /// The last threads that appeared, in order.
    last: VecDeque<ThreadId>,
    /// How many have appeared.
    appeared: u32,
}

impl Threads {
    /// Returns the number of a thread: 1, 2, …; `None` for the current thread,
    /// which is the loop's.
    pub(super) fn number(&mut self, thread: ThreadId) -> Option<u32> {
        let event_loop = self
            .event_loop
            .get_or_insert_with(|| std::thread::current().id());
        if thread == *event_loop {
            return None;
        }
        let known = self.last.iter().rev().position(|known| *known == thread);
        if let Some(later) = known {
            return Some(self.appeared - later as u32);
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(thread);
        self.appeared += 1;
        Some(self.appeared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_numbered_in_order_and_old_ones_forgotten() {
        let mut threads = Threads::default();
        let id = || std::thread::spawn(|| ()).thread().id();
        let first = id();
        assert_eq!(threads.number(first), Some(1));
        assert_eq!(threads.number(id()), Some(2));
        assert_eq!(threads.number(first), Some(1));
        assert_eq!(threads.number(std::thread::current().id()), None);
        for n in 3..=600 {
            assert_eq!(threads.number(id()), Some(n));
        }
        assert_eq!(threads.last.len(), KEPT);
        assert_eq!(threads.number(first), Some(601), "it was forgotten");
    }
}
