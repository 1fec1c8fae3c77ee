//! Wait list: first come, first served, and every wait can be removed.
//!
//! A list linked through the slots of a slab, so that a wait allocates nothing
//! once the list has been as long before, and removing one from the middle
//! costs as little as from the front.
//!
//! **Invariant:** the linked entries are those without an outcome, in the order
//! in which they were added. An entry with an outcome is unlinked, but stays in
//! the slab until its future takes the outcome or is dropped, so no outcome is
//! lost with a future that is dropped.
//!
//! Plain data; used by `waiters` and its parts. Imports `base`.

use std::panic::Location;

use crate::base::slab::{Slab, WaitKey, kind};
use crate::base::task_info::QueueOperation;
use crate::base::waiter::Waiter;

/// The index of no entry.
const NONE: u32 = u32::MAX;

/// A waiter and the loop that it belongs to.
pub(super) struct LoopWaiter {
    pub(super) inner: Waiter,
    /// The id of the loop that `inner.task` is a task of; 0 without a loop.
    pub(super) loop_id: u64,
}

/// What a wait is for.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    Lock,
    Permits(usize),
    Event,
    Queue(QueueOperation),
}

impl Wanted {
    /// Returns how many permits this is; one for what is not counted.
    #[inline]
    pub(super) fn permits(self) -> usize {
        match self {
            Wanted::Permits(permits) => permits,
            Wanted::Lock | Wanted::Event | Wanted::Queue(_) => 1,
        }
    }
}

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// The future has what it waited for.
    Granted,
    /// The future will never get it.
    Refused,
}

/// One wait.
pub(super) struct WaitEntry {
    pub(super) waiter: LoopWaiter,
    pub(super) wanted: Wanted,
    /// The line of the program that waits.
    pub(super) site: &'static Location<'static>,
    /// `None` while it waits.
    pub(super) outcome: Option<Outcome>,
    previous: u32,
    next: u32,
}

/// A wait that was given its outcome: the waiter must be woken.
#[must_use = "the waiter must be woken"]
pub(super) struct Resolved {
    /// How many permits the wait was for.
    pub(super) permits: usize,
    pub(super) waiter: LoopWaiter,
}

/// The waits for one thing.
pub(super) struct WaitList {
    entries: Slab<{ kind::WAIT }, WaitEntry>,
    first: u32,
    last: u32,
}

impl Default for WaitList {
    fn default() -> Self {
        WaitList {
            entries: Slab::default(),
            first: NONE,
            last: NONE,
        }
    }
}

impl WaitList {
    /// Returns whether no entry waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first == NONE
    }

    /// Adds an entry at the end.
    pub(super) fn push_back(
        &mut self,
        waiter: LoopWaiter,
        wanted: Wanted,
        site: &'static Location<'static>,
    ) -> WaitKey {
        let previous = self.last;
        let key = self.entries.insert(WaitEntry {
            waiter,
            wanted,
            site,
            outcome: None,
            previous,
            next: NONE,
        });
        self.last = key.index() as u32;
        match previous {
            NONE => self.first = self.last,
            previous => self.entries.at(previous).next = self.last,
        }
        key
    }

    /// Gives the first entry its outcome, if it wants at most `most` permits.
    #[inline]
    pub(super) fn resolve_first(&mut self, outcome: Outcome, most: usize) -> Option<Resolved> {
        if self.first == NONE {
            return None;
        }
        let entry = self.entries.at(self.first);
        let permits = entry.wanted.permits();
        if permits > most {
            return None;
        }
        entry.outcome = Some(outcome);
        let waiter = LoopWaiter {
            inner: Waiter {
                // Kept in the entry too, for listings.
                task: entry.waiter.inner.task,
                waker: entry.waiter.inner.waker.take(),
            },
            loop_id: entry.waiter.loop_id,
        };
        self.first = entry.next;
        match self.first {
            NONE => self.last = NONE,
            first => self.entries.at(first).previous = NONE,
        }
        Some(Resolved { permits, waiter })
    }

    /// Takes the outcome of an entry, if it has one, and removes the entry.
    #[inline]
    pub(super) fn take_outcome(&mut self, key: WaitKey) -> Option<Outcome> {
        let outcome = self.entries.get(key)?.outcome?;
        // Its waker was taken with the outcome, so no foreign code runs.
        self.entries.discard(key);
        Some(outcome)
    }

    /// Removes an entry, with or without an outcome, and returns it.
    pub(super) fn remove(&mut self, key: WaitKey) -> Option<WaitEntry> {
        if self.entries.get(key)?.outcome.is_none() {
            self.unlink(key);
        }
        self.entries.remove(key)
    }

    /// Returns an entry.
    pub(super) fn get_mut(&mut self, key: WaitKey) -> Option<&mut WaitEntry> {
        self.entries.get_mut(key)
    }

    /// Iterates over all entries, those with an outcome included.
    pub(super) fn iter(&self) -> impl Iterator<Item = &WaitEntry> {
        self.entries.iter().map(|(_, entry)| entry)
    }

    fn unlink(&mut self, key: WaitKey) {
        let Some(entry) = self.entries.get(key) else {
            return;
        };
        let (previous, next) = (entry.previous, entry.next);
        match previous {
            NONE => self.first = next,
            previous => self.entries.at(previous).next = next,
        }
        match next {
            NONE => self.last = previous,
            next => self.entries.at(next).previous = previous,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push_back(list: &mut WaitList, permits: usize) -> WaitKey {
        let waiter = LoopWaiter {
            inner: Waiter::default(),
            loop_id: 0,
        };
        list.push_back(waiter, Wanted::Permits(permits), Location::caller())
    }

    /// Grants all waits and lists how many permits each wanted.
    fn grant_all(list: &mut WaitList) -> Vec<usize> {
        let first = || list.resolve_first(Outcome::Granted, usize::MAX);
        std::iter::from_fn(first)
            .map(|resolved| resolved.permits)
            .collect()
    }

    #[test]
    fn waits_are_granted_in_the_order_in_which_they_were_added() {
        let mut list = WaitList::default();
        for permits in 1..=3 {
            push_back(&mut list, permits);
        }
        assert_eq!(grant_all(&mut list), [1, 2, 3]);
        assert!(list.is_empty());
    }

    #[test]
    fn removing_a_wait_keeps_the_order_of_the_others() {
        for removed in 0..4 {
            let mut list = WaitList::default();
            let keys: Vec<_> = (0..4).map(|n| push_back(&mut list, n)).collect();
            assert!(list.remove(keys[removed]).is_some());
            assert!(list.remove(keys[removed]).is_none(), "removed before");
            let last = push_back(&mut list, 4);
            let left: Vec<_> = (0..5).filter(|n| *n != removed).collect();
            assert_eq!(grant_all(&mut list), left);
            assert_eq!(list.take_outcome(last), Some(Outcome::Granted));
        }
    }

    #[test]
    fn a_wait_with_an_outcome_stays_until_it_is_removed() {
        let mut list = WaitList::default();
        let key = push_back(&mut list, 1);
        assert_eq!(list.take_outcome(key), None);
        assert!(
            list.resolve_first(Outcome::Refused, 0).is_none(),
            "it wants one"
        );
        assert!(list.resolve_first(Outcome::Refused, 1).is_some());
        assert!(list.is_empty());
        assert_eq!(list.iter().count(), 1);
        let entry = list.remove(key).expect("not removed before");
        assert_eq!(entry.outcome, Some(Outcome::Refused));
        assert_eq!(list.iter().count(), 0);
    }

    #[test]
    fn slots_are_used_again() {
        let mut list = WaitList::default();
        for _ in 0..100 {
            let key = push_back(&mut list, 1);
            list.remove(key);
        }
        assert_eq!(push_back(&mut list, 1).index(), 0);
    }
}
