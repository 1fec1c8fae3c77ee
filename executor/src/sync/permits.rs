//! Permits: a number of them, and a line of those who want some.
//!
//! **Invariant:** while somebody waits there are fewer free permits than the
//! first in line wants. So nobody who comes later can pass, and a permit that
//! is given back goes straight to whoever is next.
//!
//! Used by `lock`, which has one permit, and `semaphore`.

use std::cell::Cell;
use std::panic::Location;
use std::task::{Context, Poll, ready};

use super::wait_list::CallOutcome;
use super::waiters::{CurrentLoop, Progress, Waiters};
use crate::base::slab::WaitKey;

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

    /// Takes permits if there are enough and nobody waits.
    #[inline]
    pub(super) fn try_take(&self, wanted: usize) -> bool {
        let free = self.free.get();
        let can = wanted <= free && (free == 0 || self.waiters.is_empty());
        if can {
            self.free.set(free - wanted);
        }
        can
    }

    /// Takes permits, or waits in line for them.
    #[inline]
    pub(super) fn poll_take(
        &self,
        here: &CurrentLoop,
        cx: &Context<'_>,
        progress: &mut Progress,
        wanted: usize,
        site: &'static Location<'static>,
    ) -> Poll<()> {
        ready!(here.poll_budget(cx));
        match *progress {
            Progress::New if self.try_take(wanted) => {}
            Progress::New => {
                let place = self.waiters.wait(here, cx, wanted, site);
                *progress = Progress::Waiting(place);
                return Poll::Pending;
            }
            Progress::Waiting(place) => {
                ready!(self.waiters.poll(here, cx, place));
            }
            Progress::Over => panic!("a future was polled after it was ready"),
        }
        *progress = Progress::Over;
        here.consume_budget();
        Poll::Ready(())
    }

    /// Gives permits back, to whoever is next if somebody is.
    #[inline]
    pub(super) fn give_back(&self, permits: usize) {
        self.free.set(self.free.get().saturating_add(permits));
        self.hand_out();
    }

    /// The future that waited is dropped. If it had its permits already, they
    /// go to the next one; if it stood first, the next one may want fewer.
    #[inline]
    pub(super) fn give_up(&self, progress: &Progress, wanted: usize) {
        if let Progress::Waiting(place) = *progress {
            self.leave(place, wanted);
        }
    }

    fn leave(&self, place: WaitKey, wanted: usize) {
        match self.waiters.leave(place) {
            Some(CallOutcome::Granted) => self.give_back(wanted),
            Some(CallOutcome::Refused) | None => self.hand_out(),
        }
    }

    /// Calls those whose wish can be met now, in their order.
    ///
    /// The permits are theirs before they are woken, which may be anybody's
    /// code.
    #[inline]
    fn hand_out(&self) {
        while let Some(called) = self.waiters.call_first(self.free.get()) {
            self.free.set(self.free.get() - called.wanted);
            called.wake();
        }
    }
}
