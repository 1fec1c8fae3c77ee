//! A task: a boxed future, and what the loop needs to know about it.
//!
//! **Invariant:** the future is out of its task exactly while it is being
//! polled or dropped. So its code may do what it likes to the loop, cancel its
//! own task included, and nobody can poll a future twice at once.
//!
//! ```text
//!            ┌───────────── wake ──────────────┐
//!            ▼                                 │
//!   spawn → ready ── begin ─▶ polled ── end ─▶ waiting
//!            │                   │ Ready, or a panic
//!            │ cancelled         ▼
//!            └────────────▶  finished ── handle reads it, or is gone ─▶ (freed)
//! ```
//!
//! Kept by `runtime` in a slab; moved along these edges by `run`, and by the
//! `spawn` room on behalf of handles.

use std::pin::Pin;

use crate::context::Context;
use crate::info::{Identity, TaskId};
use crate::join::Work;
use crate::waker::{OwnedWaker, Waiter};

/// The future of a task, and later its output.
pub(crate) type BoxedWork = Pin<Box<dyn Work>>;

/// One task, as its loop keeps it.
pub(crate) struct Task {
    /// `None` while it is being polled or dropped, and always for the main
    /// future, which lives on the stack of `run`.
    pub(crate) work: Option<BoxedWork>,
    /// The task's own waker, if somebody kept a clone of it.
    pub(crate) waker: Option<Box<OwnedWaker>>,
    /// Who awaits the handle, if anybody does.
    pub(crate) waiter: Waiter,
    /// Its context variables.
    pub(crate) context: Context,
    pub(crate) identity: Identity,
    pub(crate) parent: Option<TaskId>,
    pub(crate) state: State,
    /// Is there still a handle that may read the output?
    pub(crate) has_handle: bool,
    /// Was it reported as "can never be woken"? Once is enough.
    pub(crate) reported: bool,
}

/// Where a task stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// It goes on when it is polled.
    Alive,
    /// The same; somebody asked it to stop by itself.
    Asked,
    /// It will be dropped instead of polled, at its next turn.
    CancelRequested,
    /// Its future is gone; `work` holds the output.
    Finished,
}

impl Task {
    pub(crate) fn new(
        work: Option<BoxedWork>,
        identity: Identity,
        parent: Option<TaskId>,
        context: Context,
    ) -> Self {
        Task {
            work,
            waker: None,
            waiter: Waiter::NOBODY,
            context,
            identity,
            parent,
            state: State::Alive,
            has_handle: true,
            reported: false,
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.state == State::Finished
    }

    /// Has somebody kept a clone of its waker?
    pub(crate) fn is_waker_cloned(&self) -> bool {
        self.waker.as_ref().is_some_and(|waker| waker.is_cloned())
    }
}
