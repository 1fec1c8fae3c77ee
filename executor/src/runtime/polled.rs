//! Who is being polled, and what that settles: whom a leaf writes down as its
//! waiter, whose variables are read, how much the poll may still do.
//!
//! **Invariant:** there is a polled task exactly while code of a task runs, be
//! it a poll or a destructor.

use std::task::{Context as TaskContext, Poll, Waker};

use super::{BUDGET, Lent, Runtime, contain};
use crate::context::{self, Context};
use crate::slab::TaskKey;
use crate::waker::{OwnedWaker, Waiter};

impl Runtime {
    /// The task that is being polled or dropped.
    #[inline]
    pub(crate) fn polled_task(&self) -> Option<TaskKey> {
        self.polled.get()
    }

    /// Makes `task` the one being polled, with this waker.
    #[inline]
    pub(crate) fn start_poll(&self, task: TaskKey, waker: &OwnedWaker) {
        self.budget.set(BUDGET);
        self.registered.set(false);
        self.polled.set(Some(task));
        self.lent.set(Some(Lent {
            data: waker.waker().data(),
            vtable: waker.waker().vtable(),
        }));
    }

    /// Nobody is being polled any more.
    #[inline]
    pub(crate) fn end_poll(&self) {
        self.polled.set(None);
        self.lent.set(None);
    }

    /// Runs `f` in the name of a task, as for a poll but without a waker: for
    /// destructors, which may ask who they are.
    pub(crate) fn acting_as<R>(&self, task: TaskKey, f: impl FnOnce() -> R) -> R {
        let polled = self.polled.replace(Some(task));
        let lent = self.lent.take();
        let result = f();
        self.polled.set(polled);
        self.lent.set(lent);
        result
    }

    /// Who has to be told when something happens: the task being polled, by
    /// number if `cx` carries its own waker, else through a clone of what `cx`
    /// carries.
    #[inline]
    pub(crate) fn waiter(&self, cx: &TaskContext<'_>) -> Waiter {
        let own = self.is_own_waker(cx.waker());
        if own {
            self.registered.set(true);
        }
        Waiter {
            task: self.polled_task(),
            waker: (!own).then(|| cx.waker().clone()),
        }
    }

    /// Is this the waker that the loop lent for the poll that goes on?
    ///
    /// The loop's own allocation is behind it, so the address alone tells it
    /// from every other waker, except one that somebody built by hand around
    /// the same address; such a one has another vtable.
    #[inline]
    pub(crate) fn is_own_waker(&self, waker: &Waker) -> bool {
        self.lent.get().is_some_and(|lent| {
            waker.data() == lent.data && std::ptr::eq(waker.vtable(), lent.vtable)
        })
    }

    /// Wakes the task being polled: in two stores if the waker is its own.
    #[inline]
    pub(crate) fn wake_polled(&self, cx: &TaskContext<'_>) {
        match self.polled.get() {
            Some(task) if self.is_own_waker(cx.waker()) => self.ready.wake(task),
            _ => cx.waker().wake_by_ref(),
        }
    }

    /// Tells a waiter. Call with nothing borrowed: a foreign waker is
    /// somebody's code.
    #[inline]
    pub(crate) fn wake(&self, waiter: Waiter) {
        match waiter.waker {
            Some(waker) => contain("a waker", || waker.wake()),
            None => {
                if let Some(task) = waiter.task {
                    self.ready.wake(task);
                }
            }
        }
    }

    /// To be asked by a leaf before it may say "ready": `Pending`, with a wake
    /// arranged, once the budget of this poll is used up.
    #[inline]
    pub(crate) fn afford(&self, cx: &TaskContext<'_>) -> Poll<()> {
        if self.is_spent() {
            self.wake_polled(cx);
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// A leaf is ready: takes one from the budget of this poll.
    #[inline]
    pub(crate) fn spend(&self) {
        self.budget.set(self.budget.get().saturating_sub(1));
    }

    /// Is the budget of this poll used up?
    #[inline]
    pub(crate) fn is_spent(&self) -> bool {
        self.budget.get() == 0
    }

    /// The variables of whoever runs now: the task being polled, or the
    /// thread.
    pub(crate) fn context(&self) -> Context {
        let tasks = self.tasks.borrow();
        let task = self.polled_task().and_then(|key| tasks.get(key));
        task.map_or_else(context::of_thread, |task| task.context.clone())
    }

    /// Takes the variables of the task being polled out, to be changed and
    /// [put back](Self::set_context): while they are out they are not shared
    /// with the task itself, and need not be copied for it.
    pub(crate) fn take_context(&self) -> Context {
        let mut tasks = self.tasks.borrow_mut();
        let task = self.polled_task().and_then(|key| tasks.get_mut(key));
        task.map_or(Context::EMPTY, |task| task.context.take())
    }

    /// Puts back what [`take_context`](Self::take_context) took.
    pub(crate) fn set_context(&self, context: Context) {
        let mut tasks = self.tasks.borrow_mut();
        if let Some(task) = self.polled_task().and_then(|key| tasks.get_mut(key)) {
            task.context = context;
        }
    }
}
