//! The current poll: whose it is, with which waker, and its budget.
//!
//! **Invariant:** there is a current task exactly while code of a task runs, be
//! it a poll or a destructor. Inside the poll of a scope's child, the child is
//! the current task, and afterwards its owner again.
//!
//! Entered by `run`; asked by every future of this crate.

use std::cell::{Cell, RefCell};
use std::task::{Context, RawWakerVTable, Waker};

use crate::base::slab::TaskKey;
use crate::base::waiter::Waiter;

/// How many times the futures of this crate may complete in one poll before
/// they make their task yield. A task whose sockets and queues are always ready
/// would otherwise starve the others. tokio's number: small enough for
/// fairness, large enough that the extra turn does not show.
const BUDGET: u32 = 128;

/// The current poll, if any.
#[derive(Default)]
pub(crate) struct PollState {
    task: Cell<Option<TaskKey>>,
    /// `None` in a destructor.
    waker: Cell<Option<WakerIdentity>>,
    /// How much of [`BUDGET`] is consumed.
    pub(crate) consumed: Cell<u32>,
    /// Whether a future of this crate registered the current task as a waiter.
    registered: Cell<bool>,
    /// The polls in which another task is polled: those of owners of scopes.
    outer: RefCell<Vec<Saved>>,
}

/// The identity of a waker, as std's `Waker::will_wake` compares it.
type WakerIdentity = (*const (), &'static RawWakerVTable);

/// The first four fields of [`PollState`].
type Saved = (Option<TaskKey>, Option<WakerIdentity>, u32, bool);

impl PollState {
    /// Makes `task` the current task, polled with `waker`. Returns whether that
    /// is inside the poll of another task.
    #[inline]
    pub(crate) fn enter(&self, task: TaskKey, waker: &Waker) -> bool {
        let nested = self.task.get().is_some();
        if nested {
            self.suspend();
        }
        self.set((Some(task), Some((waker.data(), waker.vtable())), 0, false));
        nested
    }

    /// Ends the poll; returns whether the task was registered as a waiter.
    #[inline]
    pub(crate) fn leave(&self, nested: bool) -> bool {
        let registered = self.registered.get();
        self.task.set(None);
        self.waker.set(None);
        if nested {
            self.resume();
        }
        registered
    }

    #[cold]
    fn suspend(&self) {
        let (consumed, registered) = (self.consumed.get(), self.registered.get());
        let outer = (self.task.get(), self.waker.get(), consumed, registered);
        self.outer.borrow_mut().push(outer);
    }

    #[cold]
    fn resume(&self) {
        let outer = self.outer.borrow_mut().pop();
        self.set(outer.unwrap_or_default());
    }

    #[inline]
    fn set(&self, (task, waker, consumed, registered): Saved) {
        self.task.set(task);
        self.waker.set(waker);
        self.consumed.set(consumed);
        self.registered.set(registered);
    }

    /// Returns the task whose code runs.
    #[inline]
    pub(crate) fn task(&self) -> Option<TaskKey> {
        self.task.get()
    }

    /// Returns whether the task is being polled, itself or through a child.
    pub(crate) fn is_polling(&self, task: TaskKey) -> bool {
        let is_it = |outer: &Saved| outer.0 == Some(task);
        self.task.get() == Some(task) || self.outer.borrow().iter().any(is_it)
    }

    /// Runs `f` with `task` as the current task but without a waker: for
    /// destructors, which may ask whose they are.
    pub(crate) fn with_current_task<R>(&self, task: TaskKey, f: impl FnOnce() -> R) -> R {
        let outer = (self.task.replace(Some(task)), self.waker.take());
        let result = f();
        self.task.set(outer.0);
        self.waker.set(outer.1);
        result
    }

    /// Returns the party to wake when what `cx` polls may continue: the current
    /// task by key if `cx` carries its own waker, or a clone of that waker.
    #[inline]
    pub(crate) fn waiter(&self, cx: &Context<'_>) -> Waiter {
        let own = self.is_own_waker(cx.waker());
        if own {
            self.registered.set(true);
        }
        Waiter {
            task: self.task(),
            waker: (!own).then(|| cx.waker().clone()),
        }
    }

    /// Returns whether this is the waker of the current poll.
    ///
    /// Its data is an allocation of the loop's own, so the address alone tells
    /// it from every other waker, except one built by hand around the same
    /// address; that one has another vtable.
    #[inline]
    pub(crate) fn is_own_waker(&self, waker: &Waker) -> bool {
        let own = self.waker.get();
        own.is_some_and(|(data, vtable)| {
            waker.data() == data && std::ptr::eq(waker.vtable(), vtable)
        })
    }

    /// Takes one from the budget: a future of this crate has completed.
    #[inline]
    pub(crate) fn consume_budget(&self) {
        self.consumed.set(self.consumed.get().saturating_add(1));
    }

    /// Takes one from the budget, unless some was taken since `before`: for
    /// futures whose parts may have completed and paid.
    #[inline]
    pub(crate) fn consume_budget_since(&self, before: u32) {
        if self.consumed.get() == before {
            self.consume_budget();
        }
    }

    /// Returns whether nothing is left of the budget. Outside of a poll, such as
    /// in a destructor that a cancel runs, there is no limit: no waker could
    /// arrange another turn.
    #[inline]
    pub(crate) fn is_budget_exhausted(&self) -> bool {
        self.consumed.get() >= BUDGET && self.waker.get().is_some()
    }
}
