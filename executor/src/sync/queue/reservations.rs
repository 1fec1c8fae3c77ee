//! Reservations: the items and the free space that were granted to waits.
//!
//! **Invariant:** no more items are reserved than the queue holds (except
//! between `close_now`, which takes them, and the polls of the getters), and no
//! more space than is free. While a future waits, every item, or all free
//! space, is reserved.
//!
//! Called by `queue` and its `futures`.

use std::cell::Cell;

use super::Queue;
use crate::sync::wait_list::Outcome;

impl<T> Queue<T> {
    /// Returns whether an item is not reserved.
    #[inline]
    pub(super) fn has_item(&self) -> bool {
        self.len() > self.reserved_items.get()
    }

    /// Returns whether space for an item is free and not reserved.
    #[inline]
    pub(super) fn has_space(&self) -> bool {
        self.maxsize == 0 || self.len() + self.reserved_space.get() < self.maxsize
    }

    #[inline]
    pub(super) fn push(&self, item: T) {
        self.items.borrow_mut().push_back(item);
        self.unfinished.set(self.unfinished.get() + 1);
        self.grant_getters();
    }

    /// Takes the first item; the caller knows that there is one.
    #[inline]
    pub(super) fn pop(&self) -> T {
        let item = self.items.borrow_mut().pop_front();
        self.grant_putters();
        item.expect("the caller checked that there is an item")
    }

    /// Reserves items for the getters that wait.
    #[inline]
    pub(super) fn grant_getters(&self) {
        while !self.getters.is_empty() && self.has_item() {
            reserve(&self.reserved_items);
            self.getters.wake_first();
        }
    }

    /// Reserves space for the putters that wait.
    #[inline]
    pub(super) fn grant_putters(&self) {
        while !self.putters.is_empty() && self.has_space() {
            reserve(&self.reserved_space);
            self.putters.wake_first();
        }
    }

    /// Sets how many items are not done, and wakes the joiners if none are.
    pub(super) fn set_unfinished(&self, unfinished: usize) {
        self.unfinished.set(unfinished);
        if unfinished == 0 {
            self.joiners.resolve_all(Outcome::Granted);
        }
    }
}

#[inline]
fn reserve(reserved: &Cell<usize>) {
    reserved.set(reserved.get() + 1);
}

/// Ends one reservation.
#[inline]
pub(super) fn unreserve(reserved: &Cell<usize>) {
    reserved.set(reserved.get() - 1);
}
