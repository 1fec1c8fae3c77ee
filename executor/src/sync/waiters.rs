//! Waiters of one lock, semaphore, event or queue: how they wait and are woken.
//!
//! **Invariant:** while the wait list is borrowed no waker is woken or dropped,
//! because that may run any code. An unnamed primitive allocates nothing before
//! its first wait.
//!
//! Used by everything in `sync`. Imports `wait_list`, `base` and `event_loop`.

mod holder;
mod current_loop;
mod pending_wait;
mod wait_queue;

use std::cell::OnceCell;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};

use super::wait_list::{Outcome, Resolved, Wanted};
use crate::base::hooks::WAIT;
use crate::base::slab::WaitKey;
pub(super) use current_loop::CurrentLoop;
pub(super) use holder::Holder;
pub(super) use pending_wait::PendingWait;
use pending_wait::Progress;
use wait_queue::WaitQueue;

/// The waiters for one thing.
pub(super) struct Waiters {
    /// Created with the name, or at the first wait.
    queue: OnceCell<Rc<WaitQueue>>,
}

impl Waiters {
    pub(super) const fn new() -> Self {
        Waiters {
            queue: OnceCell::new(),
        }
    }

    pub(super) fn named(name: Rc<str>) -> Self {
        let queue = WaitQueue {
            name: Some(name),
            ..WaitQueue::default()
        };
        Waiters {
            queue: OnceCell::from(Rc::new(queue)),
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.queue.get()?.name.as_deref()
    }

    /// Returns whether no future waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.queue
            .get()
            .is_none_or(|queue| queue.list.borrow().is_empty())
    }

    /// Polls a future that waits for `wanted`. Returns the outcome of its wait,
    /// or `None` if it need not wait.
    ///
    /// `is_available` is called in the first poll only, and may take what it
    /// finds.
    ///
    /// Always inlined: an uncontended `Semaphore::acquire` and its release take
    /// 95 instructions instead of 123 (callgrind, in a loop).
    ///
    /// # Panics
    ///
    /// If the future has completed.
    #[inline(always)]
    pub(super) fn poll(
        &self,
        current: &CurrentLoop,
        cx: &Context<'_>,
        wait: &mut PendingWait,
        wanted: Wanted,
        is_available: impl FnOnce() -> bool,
    ) -> Poll<Option<Outcome>> {
        ready!(current.poll_budget(cx));
        let outcome = match wait.progress {
            Progress::New if is_available() => None,
            Progress::New => {
                let key = self.start_wait(current, cx, wanted, wait.site);
                wait.progress = Progress::Waiting(key);
                return Poll::Pending;
            }
            Progress::Waiting(key) => Some(ready!(self.poll_outcome(current, cx, key))),
            Progress::Done => panic!("a future was polled after it was ready"),
        };
        wait.progress = Progress::Done;
        current.consume_budget();
        Poll::Ready(outcome)
    }

    /// Adds an entry to the wait list.
    fn start_wait(
        &self,
        current: &CurrentLoop,
        cx: &Context<'_>,
        wanted: Wanted,
        site: &'static Location<'static>,
    ) -> WaitKey {
        let queue = self.queue.get_or_init(Rc::default);
        if let Some(runtime) = &current.0 {
            if queue.registered_in.replace(runtime.id()) != runtime.id() {
                let queue: Weak<WaitQueue> = Rc::downgrade(queue);
                runtime.register_wait_point(queue);
            }
            runtime.hooks.emit(WAIT, |hook| hook.sync_wait());
        }
        let waiter = current.waiter(cx);
        queue.list.borrow_mut().push_back(waiter, wanted, site)
    }

    /// Takes the outcome of a wait, or records which waker the next wake is
    /// for.
    fn poll_outcome(&self, current: &CurrentLoop, cx: &Context<'_>, key: WaitKey) -> Poll<Outcome> {
        let Some(queue) = self.queue.get() else {
            unreachable!("the first wait created the queue");
        };
        let outcome = queue.list.borrow_mut().take_outcome(key);
        if let Some(outcome) = outcome {
            return Poll::Ready(outcome);
        }
        queue.update_waiter(current, cx, key);
        Poll::Pending
    }

    /// Ends the wait of a future that is dropped. Returns the outcome that the
    /// wait had and the future did not see.
    #[inline]
    pub(super) fn cancel(&self, wait: &PendingWait) -> Option<Outcome> {
        self.remove(wait.key()?)
    }

    fn remove(&self, key: WaitKey) -> Option<Outcome> {
        let queue = self.queue.get()?;
        let entry = queue.list.borrow_mut().remove(key)?;
        entry.outcome
    }

    /// Grants the first wait, if it wants at most `most` permits. The caller
    /// wakes its waiter.
    #[inline]
    pub(super) fn grant_first(&self, most: usize) -> Option<Resolved> {
        let queue = self.queue.get()?;
        queue
            .list
            .borrow_mut()
            .resolve_first(Outcome::Granted, most)
    }

    /// Grants the first wait and wakes its waiter.
    #[inline]
    pub(super) fn wake_first(&self) {
        if let Some(granted) = self.grant_first(usize::MAX) {
            granted.wake();
        }
    }

    /// Gives all current waits their outcome, then wakes them, in their order.
    pub(super) fn resolve_all(&self, outcome: Outcome) {
        let Some(queue) = self.queue.get() else {
            return;
        };
        let resolved: Vec<_> = {
            let mut list = queue.list.borrow_mut();
            std::iter::from_fn(|| list.resolve_first(outcome, usize::MAX)).collect()
        };
        resolved.into_iter().for_each(Resolved::wake);
    }

    /// Records the holder of a lock, for listings.
    #[inline]
    pub(super) fn set_holder(&self, holder: Option<Holder>) {
        if let Some(queue) = self.queue.get() {
            queue.holder.set(holder);
        }
    }
}
