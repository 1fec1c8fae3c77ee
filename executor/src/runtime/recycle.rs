//! The loop of the last run, kept for the next one on this thread.
//!
//! A plain `run` of an empty future costs 75 ns with it and 250 ns without
//! (`cargo bench -- lifecycle`): the difference is a dozen allocations.
//! **Invariant:** a loop is used again only if nobody but the thread has a way
//! to it, and then nothing tells it from a new one.

use std::cell::Cell;
use std::num::NonZeroU64;
use std::rc::Rc;

use super::{Phase, Runtime, Settings};
use crate::sys::{Arc, Ordering, fence, thread_local};

thread_local! {
    static LAST: Cell<Option<Rc<Runtime>>> = const { Cell::new(None) };
}

/// A loop that had room for more tasks than this is not kept: a thread should
/// not hold the memory of its busiest run for ever.
const LARGEST: usize = 1024;

impl Runtime {
    /// A loop for one run with plain settings.
    pub(crate) fn for_one_run() -> Rc<Self> {
        let last = LAST.try_with(Cell::take).ok().flatten();
        last.unwrap_or_else(|| Runtime::new(Settings::from_env()))
    }

    /// Keeps this loop for the next run, if that can be done.
    pub(crate) fn keep(self: Rc<Self>) {
        if self.is_like_new() {
            self.reset();
            // A thread that exits has no next run.
            let _ = LAST.try_with(|last| last.set(Some(self)));
        }
    }

    /// Does nobody but us hold a waker, a handle or a letter of this loop?
    pub(crate) fn is_unshared(&self) -> bool {
        let spare = self.spare_waker.take();
        let ours = 1 + usize::from(spare.is_some());
        self.spare_waker.set(spare);
        let alone = Arc::strong_count(self.ready.mailbox()) == ours;
        // Whoever let go on another thread did so before what we do now.
        fence(Ordering::Acquire);
        alone && !self.ready.mailbox().has_mail()
    }

    fn is_like_new(self: &Rc<Self>) -> bool {
        let tasks = self.tasks.borrow();
        Rc::strong_count(self) == 1
            && self.is_unshared()
            && !self.probe.is_on()
            && tasks.len() == 0
            && tasks.capacity() <= LARGEST
            && self.timers.borrow().is_like_new()
            && !self.has_reactor()
            && !self.has_jobs()
    }

    fn reset(&self) {
        self.ready.reset();
        self.clock.reset();
        self.number.set(0);
        self.next_id.set(NonZeroU64::MIN);
        self.phase.set(Phase::Open);
        self.process.set(None);
        self.waits.reset();
        // An instrument that panicked is gone, and nobody else can have come.
        self.followed.set(self.is_followed_from_the_start());
    }
}
