//! The loops of this thread: that of the last `run`, kept for the next one, and
//! those of runners, found by id.
//!
//! A plain `run` of an empty future costs 75 ns with it and 250 ns without
//! (`cargo bench -- lifecycle`): the difference is a dozen allocations.
//! **Invariant:** a loop is used again only if nothing but the thread refers to
//! it, and then it behaves like a new one.
//!
//! Called by `run`; `find` by futures that belong to a loop.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::runtime::{Runtime, Settings};
use crate::base::hooks::Interest;
use crate::base::sys::{Arc, Ordering, fence, thread_local};

thread_local! {
    static LAST: Cell<Option<Rc<Runtime>>> = const { Cell::new(None) };

    /// The loops of this thread's runners.
    static RUNNERS: RefCell<Vec<Weak<Runtime>>> = const { RefCell::new(Vec::new()) };
}

/// A loop with room for more tasks is not kept: a thread should not hold the
/// memory of its busiest run forever.
const LARGEST: usize = 1024;

impl Runtime {
    /// Returns a loop for one run with default settings.
    pub(crate) fn for_one_run() -> Rc<Self> {
        let last = LAST.try_with(Cell::take).ok().flatten();
        last.unwrap_or_else(|| Runtime::new(Settings::default()))
    }

    /// Keeps this loop for the next run, if that is possible.
    pub(crate) fn keep(self: Rc<Self>) {
        if self.is_like_new() {
            self.reset();
            // A thread that exits has no next run.
            let _ = LAST.try_with(|last| last.set(Some(self)));
        }
    }

    /// Returns whether no waker, handle or message of this loop is left.
    pub(crate) fn is_unshared(&self) -> bool {
        let spare = self.spare_waker.take();
        // The driver's, and the spare waker's.
        let own = 1 + usize::from(spare.is_some());
        self.spare_waker.set(spare);
        let alone = Arc::strong_count(self.inbox()) == own;
        // What another thread did before it dropped its reference must be
        // visible from here on.
        fence(Ordering::Acquire);
        alone && !self.inbox().has_messages()
    }

    fn is_like_new(self: &Rc<Self>) -> bool {
        let tasks = self.tasks.borrow();
        Rc::strong_count(self) == 1
            && self.is_unshared()
            && !self.hooks.wants(Interest::MAX)
            && tasks.len() == 0
            && tasks.capacity() <= LARGEST
            && self.timers.borrow().is_like_new()
            && self.driver.poller().is_none()
            && self.jobs.get().is_none()
    }

    /// Lets [`find`](Self::find) find this loop while it does not run: for a
    /// `Runner`, which lives on between its runs.
    pub(crate) fn register(self: &Rc<Self>) {
        // A thread that exits registers nothing more.
        let _ = RUNNERS.try_with(|runners| {
            let mut runners = runners.borrow_mut();
            runners.retain(|runner| runner.strong_count() > 0);
            runners.push(Rc::downgrade(self));
        });
    }

    /// Returns the loop with this id, if it lives on this thread: for
    /// destructors, which may run while it does not.
    pub(crate) fn find(id: u64) -> Option<Rc<Runtime>> {
        let is_it = |runtime: &Rc<Runtime>| runtime.id.get() == Some(id);
        let find_runner = |runners: &RefCell<Vec<Weak<Runtime>>>| {
            let runners = runners.borrow();
            runners.iter().filter_map(Weak::upgrade).find(is_it)
        };
        let running = Runtime::current().filter(is_it);
        running.or_else(|| RUNNERS.try_with(find_runner).ok().flatten())
    }

    fn reset(&self) {
        self.ready.borrow_mut().clear();
        self.clock.reset();
        self.driver.owner.reset();
        self.wait_points.take();
        self.waker_sets.take();
        self.id.release();
        self.spawned.set(0);
        self.closing.set(false);
    }
}
