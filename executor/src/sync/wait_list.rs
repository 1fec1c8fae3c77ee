//! A line of waiters: first come, first served, and anybody may leave.
//!
//! A list that is linked through the slots of a slab, so that a place costs no
//! allocation once the line has been as long before, and leaving from the
//! middle costs as little as from the front. **Invariant:** the places in line
//! are those that wait, in the order of their coming; a place that was called
//! is out of line, but stays in the slab until its owner has seen the call or
//! is gone. So a call can never be lost with a waiter that is dropped.
//!
//! Pure data. Used by `waiters` and by nobody else.

use std::panic::Location;

use crate::base::slab::{Slab, WaitKey, kind};
use crate::base::waiter::Waiter;

/// Nobody's index.
const NONE: u32 = u32::MAX;

/// Who waits, and where it can be found.
pub(super) struct LoopWaiter {
    pub(super) waiter: Waiter,
    /// The number of the loop that `waiter` is a task of.
    pub(super) home: u64,
}

/// What a waiter was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CallOutcome {
    /// It has what it waited for.
    Granted,
    /// It will never have it.
    Refused,
}

/// One place in line.
pub(super) struct Place {
    pub(super) waiter: LoopWaiter,
    /// How many permits it waits for.
    pub(super) wanted: usize,
    /// The line of the program that waits here.
    pub(super) site: &'static Location<'static>,
    pub(super) call: Option<CallOutcome>,
    before: u32,
    after: u32,
}

/// The line.
pub(super) struct WaitList {
    places: Slab<kind::Wait, Place>,
    first: u32,
    last: u32,
}

impl Default for WaitList {
    fn default() -> Self {
        WaitList {
            places: Slab::default(),
            first: NONE,
            last: NONE,
        }
    }
}

impl WaitList {
    /// Does nobody wait?
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first == NONE
    }

    /// A place at the end.
    pub(super) fn join(
        &mut self,
        waiter: LoopWaiter,
        wanted: usize,
        site: &'static Location<'static>,
    ) -> WaitKey {
        let before = self.last;
        let key = self.places.insert(Place {
            waiter,
            wanted,
            site,
            call: None,
            before,
            after: NONE,
        });
        self.last = key.index() as u32;
        match before {
            NONE => self.first = self.last,
            before => self.places.at(before).after = self.last,
        }
        key
    }

    /// Calls the first one in line, if it wants no more than `most`; gives how
    /// much it wanted, and who is to be told.
    #[inline]
    pub(super) fn call_first(
        &mut self,
        call: CallOutcome,
        most: usize,
    ) -> Option<(usize, LoopWaiter)> {
        if self.first == NONE {
            return None;
        }
        let place = self.places.at(self.first);
        if place.wanted > most {
            return None;
        }
        place.call = Some(call);
        let wanted = place.wanted;
        // The task's number stays, for listings.
        let waiter = LoopWaiter {
            waiter: Waiter {
                task: place.waiter.waiter.task,
                waker: place.waiter.waiter.waker.take(),
            },
            home: place.waiter.home,
        };
        self.first = place.after;
        match self.first {
            NONE => self.last = NONE,
            first => self.places.at(first).before = NONE,
        }
        Some((wanted, waiter))
    }

    /// What the owner of a place was told, if it was: then its place is free.
    #[inline]
    pub(super) fn take_call(&mut self, key: WaitKey) -> Option<CallOutcome> {
        let call = self.places.get(key)?.call?;
        // Its waker is gone already, so nobody's code runs.
        self.places.discard(key);
        Some(call)
    }

    /// Frees a place, wherever it stands; gives back what was in it.
    pub(super) fn leave(&mut self, key: WaitKey) -> Option<Place> {
        if self.places.get(key)?.call.is_none() {
            self.unlink(key);
        }
        self.places.remove(key)
    }

    /// The place with this key.
    pub(super) fn get_mut(&mut self, key: WaitKey) -> Option<&mut Place> {
        self.places.get_mut(key)
    }

    /// All places: of those who wait, and of those who were called and have
    /// not seen it.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().map(|(_, place)| place)
    }

    fn unlink(&mut self, key: WaitKey) {
        let Some(place) = self.places.get(key) else {
            return;
        };
        let (before, after) = (place.before, place.after);
        match before {
            NONE => self.first = after,
            before => self.places.at(before).after = after,
        }
        match after {
            NONE => self.last = before,
            after => self.places.at(after).before = before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(line: &mut WaitList, wanted: usize) -> WaitKey {
        let waiter = LoopWaiter {
            waiter: Waiter::NONE,
            home: 0,
        };
        line.join(waiter, wanted, Location::caller())
    }

    /// Calls everybody, and lists how much each had wanted.
    fn drain(line: &mut WaitList) -> Vec<usize> {
        let first = || line.call_first(CallOutcome::Granted, usize::MAX);
        std::iter::from_fn(first)
            .map(|(wanted, _)| wanted)
            .collect()
    }

    #[test]
    fn whoever_comes_first_is_called_first() {
        let mut line = WaitList::default();
        for wanted in 1..=3 {
            join(&mut line, wanted);
        }
        assert_eq!(drain(&mut line), [1, 2, 3]);
        assert!(line.is_empty());
    }

    #[test]
    fn anybody_may_leave_and_the_others_keep_their_order() {
        for leaver in 0..4 {
            let mut line = WaitList::default();
            let keys: Vec<_> = (0..4).map(|wanted| join(&mut line, wanted)).collect();
            assert!(line.leave(keys[leaver]).is_some());
            assert!(line.leave(keys[leaver]).is_none(), "it has left");
            let last = join(&mut line, 4);
            let stayed: Vec<_> = (0..5).filter(|wanted| *wanted != leaver).collect();
            assert_eq!(drain(&mut line), stayed);
            assert_eq!(line.take_call(last), Some(CallOutcome::Granted));
        }
    }

    #[test]
    fn a_place_that_was_called_stays_until_it_is_left() {
        let mut line = WaitList::default();
        let key = join(&mut line, 1);
        assert_eq!(line.take_call(key), None);
        assert!(
            line.call_first(CallOutcome::Refused, 0).is_none(),
            "it wants one"
        );
        assert!(line.call_first(CallOutcome::Refused, 1).is_some());
        assert!(line.is_empty());
        assert_eq!(line.iter().count(), 1);
        let place = line.leave(key).expect("it is there");
        assert_eq!(place.call, Some(CallOutcome::Refused));
        assert_eq!(line.iter().count(), 0);
    }

    #[test]
    fn places_are_used_again() {
        let mut line = WaitList::default();
        for _ in 0..100 {
            let key = join(&mut line, 1);
            line.leave(key);
        }
        assert_eq!(join(&mut line, 1).index(), 0);
    }
}
