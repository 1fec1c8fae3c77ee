//! The loop that polls a future, and the waiters that it makes.
//!
//! **Invariant:** a task of the loop is woken by key; every other waiter (a
//! future that the executor of `futures` polls, say) by its waker.
//!
//! Used by `waiters` and by every future of `sync`.

use std::panic::Location;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::holder::Holder;
use crate::base::waiter::Waiter;
use crate::event_loop::runtime::Runtime;
use crate::sync::wait_list::{LoopWaiter, Resolved};

/// The loop that polls, if there is one.
pub(crate) struct CurrentLoop(pub(super) Option<Rc<Runtime>>);

impl CurrentLoop {
    #[inline]
    pub(crate) fn now() -> Self {
        CurrentLoop(Runtime::current())
    }

    /// See [`PollState::poll_budget`](crate::event_loop::poll::PollState::poll_budget);
    /// always ready without a loop.
    #[inline]
    pub(super) fn poll_budget(&self, cx: &Context<'_>) -> Poll<()> {
        match &self.0 {
            Some(runtime) => runtime.poll_budget(cx),
            None => Poll::Ready(()),
        }
    }

    #[inline]
    pub(super) fn consume_budget(&self) {
        if let Some(runtime) = &self.0 {
            runtime.poll.consume_budget();
        }
    }

    /// Returns the current task as the holder of a lock that was taken at
    /// `site`.
    #[inline]
    pub(crate) fn holder(&self, site: &'static Location<'static>) -> Holder {
        let runtime = self.0.as_ref();
        Holder {
            task: runtime.and_then(|runtime| runtime.poll.task()),
            loop_id: runtime.map_or(0, |runtime| runtime.id()),
            site,
        }
    }

    #[inline]
    pub(super) fn waiter(&self, cx: &Context<'_>) -> LoopWaiter {
        match &self.0 {
            Some(runtime) => LoopWaiter {
                inner: runtime.poll.waiter(cx),
                loop_id: runtime.id(),
            },
            None => LoopWaiter {
                inner: Waiter::foreign(cx.waker().clone()),
                loop_id: 0,
            },
        }
    }
}

impl LoopWaiter {
    #[inline]
    fn wake(self) {
        match Runtime::find(self.loop_id) {
            Some(home) => home.wake_waiter(self.inner),
            // The loop has ended, and its tasks with it: only a waker is left.
            None => self.inner.wake_waker(),
        }
    }

    pub(super) fn is_woken_by(&self, cx: &Context<'_>) -> bool {
        let waker = self.inner.waker.as_ref();
        waker.is_some_and(|waker| waker.will_wake(cx.waker()))
    }
}

impl Resolved {
    #[inline]
    pub(crate) fn wake(self) {
        self.waiter.wake();
    }
}
