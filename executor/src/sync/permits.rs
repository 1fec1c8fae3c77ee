//! Permits: how many are free, and the waits for more.
//!
//! **Invariant:** while a future waits, fewer permits are free than the first
//! wait wants. So a later request cannot overtake it, and a released permit
//! goes to the first wait in the same call.
//!
//! Used by `lock`, which has one permit, and by `semaphore`. Imports `waiters`.

use std::cell::Cell;
use std::task::{Context, Poll};

use super::wait_list::{Outcome, Wanted};
use super::waiters::{CurrentLoop, PendingWait, Waiters};

/// The permits of one lock or semaphore.
pub(super) struct Permits {
    free: Cell<usize>,
    pub(super) waiters: Waiters,
}

impl Permits {
    pub(super) const fn new(free: usize, waiters: Waiters) -> Self {
        Permits {
            free: Cell::new(free),
            waiters,
        }
    }

    pub(super) fn free(&self) -> usize {
        self.free.get()
    }

    /// Takes permits if enough are free and no future waits. Returns whether it
    /// took them.
    #[inline]
    pub(super) fn try_acquire(&self, permits: usize) -> bool {
        let free = self.free.get();
        let can = permits <= free && (free == 0 || self.waiters.is_empty());
        if can {
            self.free.set(free - permits);
        }
        can
    }

    /// Takes permits, or waits for them.
    #[inline]
    pub(super) fn poll_acquire(
        &self,
        current: &CurrentLoop,
        cx: &Context<'_>,
        wait: &mut PendingWait,
        wanted: Wanted,
    ) -> Poll<()> {
        let is_available = || self.try_acquire(wanted.permits());
        let acquired = self.waiters.poll(current, cx, wait, wanted, is_available);
        acquired.map(|_| ())
    }

    /// Returns permits, and grants the waits that they suffice for.
    #[inline]
    pub(super) fn release(&self, permits: usize) {
        self.free.set(self.free.get() + permits);
        self.grant_waits();
    }

    /// Ends the wait of a future that is dropped.
    #[inline]
    pub(super) fn cancel(&self, wait: &PendingWait, permits: usize) {
        if wait.is_waiting() {
            self.cancel_wait(wait, permits);
        }
    }

    fn cancel_wait(&self, wait: &PendingWait, permits: usize) {
        match self.waiters.cancel(wait) {
            Some(Outcome::Granted) => self.release(permits),
            // If it was the first wait, the next one may want fewer.
            Some(Outcome::Refused) | None => self.grant_waits(),
        }
    }

    /// Grants waits, in their order, while enough permits are free.
    ///
    /// The permits are taken before the wake, which may run any code.
    #[inline]
    fn grant_waits(&self) {
        while let Some(granted) = self.waiters.grant_first(self.free.get()) {
            self.free.set(self.free.get() - granted.permits);
            granted.wake();
        }
    }
}
