//! Items and room, and to whom they are promised.
//!
//! **Invariant:** there are never more promises than items, or room, to keep
//! them (but for the moment after `close_now` took the items); and while
//! somebody waits, whatever there is is promised.

use super::super::wait_list::CallOutcome;
use super::Queue;

impl<T> Queue<T> {
    /// Is there an item that is not promised to anybody?
    #[inline]
    pub(super) fn has_item(&self) -> bool {
        self.len() > self.reserved_items.get()
    }

    /// Is there room that is not promised to anybody?
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.maxsize == 0 || self.len() + self.reserved_room.get() < self.maxsize
    }

    #[inline]
    pub(super) fn push(&self, item: T) {
        self.items.borrow_mut().push_back(item);
        self.unfinished.set(self.unfinished.get() + 1);
        self.call_getters();
    }

    #[inline]
    pub(super) fn pop(&self) -> T {
        let item = self.items.borrow_mut().pop_front();
        self.call_putters();
        item.expect("whoever asks knows that there is one")
    }

    /// Promises items to those who wait for them.
    #[inline]
    pub(super) fn call_getters(&self) {
        while !self.getters.is_empty() && self.has_item() {
            self.reserved_items.set(self.reserved_items.get() + 1);
            self.getters.grant_first();
        }
    }

    /// Promises room to those who wait for it.
    #[inline]
    pub(super) fn call_putters(&self) {
        while !self.putters.is_empty() && self.has_room() {
            self.reserved_room.set(self.reserved_room.get() + 1);
            self.putters.grant_first();
        }
    }

    pub(super) fn finish(&self, left: usize) {
        self.unfinished.set(left);
        if left == 0 {
            self.joiners.call_all(CallOutcome::Granted);
        }
    }
}
