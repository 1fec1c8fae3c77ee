//! A task: a boxed future, its output, and what the loop knows about it.
//!
//! A spawned future and its output share one allocation, a [`Cell`]: it holds
//! the future until that returns, then the output until the handle takes it.
//!
//! ```text
//!            ┌────────────── wake ─────────────┐
//!            ▼                                 │
//!   spawn → ready ── take ──▶ polled ─ Pending ─▶ waiting
//!            │                   │ Ready, or a panic
//!            │ cancelled         ▼
//!            └────────────▶  finished ── handle reads it, or drops ─▶ (freed)
//! ```
//!
//! **Invariant:** the future is out of its task exactly while it is polled or
//! dropped. Its code may therefore do anything to the loop, including
//! cancelling its own task, and no future is polled twice at once.
//!
//! Stored in the runtime's slab; moved along these edges by `run` and `tasks`.

use std::any::Any;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use pin_project::pin_project;

use super::context::ContextMap;
use super::waker::TaskWaker;
use crate::base::error::{JoinError, Payload};
use crate::base::task_info::{Identity, TaskId};
use crate::base::waiter::Waiter;

/// The future of a task, and later its output.
pub(crate) type BoxedWork = Pin<Box<dyn Work>>;

/// One task, as its loop stores it.
pub(crate) struct Task {
    /// `None` while it is polled or dropped, and always for a future that
    /// another owner polls: the main future, a child of a scope.
    pub(crate) work: Option<BoxedWork>,
    /// The task's own waker, if a clone of it was kept.
    pub(crate) waker: Option<Rc<TaskWaker>>,
    /// The party that awaits the handle.
    pub(crate) waiter: Waiter,
    pub(crate) context: ContextMap,
    pub(crate) identity: Identity,
    pub(crate) parent: Option<TaskId>,
    /// How often it was polled, modulo 2³².
    pub(crate) polls: u32,
    pub(crate) state: State,
    /// Whether a handle exists that may read the output.
    pub(crate) has_handle: bool,
    /// Whether another task polls this one.
    pub(crate) is_routed: bool,
    /// Whether a wake has no effect: the task is in the ready queue or in the
    /// woken list of its route, or has ended. The last field, because an empty
    /// slot is then marked here, and a wake looks at one byte instead of two.
    pub(crate) is_woken: bool,
}

/// How far the life of a task has come. Only goes forward.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum State {
    Alive,
    /// Alive, and asked to stop by itself.
    StopRequested,
    /// To be dropped instead of polled, at its next turn.
    CancelRequested,
    /// The future is being dropped; wakes have no effect any more.
    Ending,
    /// The future is gone; `work` holds the output.
    Finished,
}

/// Whether a panic of a task ends the current run; see
/// [`OnPanic`](crate::OnPanic).
#[derive(Default)]
pub(crate) enum Stop {
    /// Not with this policy, or there is no run.
    #[default]
    Never,
    AtPanic,
    /// The panic comes out of the run as soon as no code of a task runs.
    With(Payload),
}

impl Task {
    pub(crate) fn new(
        work: Option<BoxedWork>,
        identity: Identity,
        parent: Option<TaskId>,
        context: ContextMap,
    ) -> Self {
        Task {
            work,
            waker: None,
            waiter: Waiter::default(),
            context,
            identity,
            parent,
            polls: 0,
            state: State::Alive,
            has_handle: true,
            is_routed: false,
            is_woken: true,
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.state == State::Finished
    }
}

/// A future with room for its output, as the loop sees it.
pub(crate) trait Work {
    /// Polls the future. On `Ready` the output is stored and the future is
    /// gone.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// Drops the future, unless it has returned.
    fn drop_future(self: Pin<&mut Self>);

    /// Stores an error in the place of a future that was dropped. A future that
    /// has returned keeps its output, and the error is returned.
    fn fail(self: Pin<&mut Self>, error: JoinError) -> Result<(), JoinError>;

    /// Moves the output into an `Option<Result<T, JoinError>>` of the right `T`;
    /// leaves it `None` if the output was taken before.
    fn take(self: Pin<&mut Self>, out: &mut dyn Any);

    /// Returns the error, if that is the output.
    fn error(&self) -> Option<&JoinError>;
}

/// A spawned future or its output.
#[pin_project(project = CellProjection)]
pub(crate) enum Cell<F: Future> {
    Running(#[pin] F),
    /// `None` once the output was taken.
    Done(Option<Result<F::Output, JoinError>>),
}

impl<F> Work for Cell<F>
where
    F: Future,
    F::Output: 'static,
{
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let CellProjection::Running(future) = self.as_mut().project() else {
            unreachable!("the loop polls no finished task");
        };
        let value = ready!(future.poll(cx));
        self.set(Cell::Done(Some(Ok(value))));
        Poll::Ready(())
    }

    fn drop_future(mut self: Pin<&mut Self>) {
        if matches!(*self, Cell::Running(_)) {
            self.set(Cell::Done(None)); // also if the drop panics
        }
    }

    fn fail(mut self: Pin<&mut Self>, error: JoinError) -> Result<(), JoinError> {
        if matches!(*self, Cell::Done(Some(_))) {
            return Err(error);
        }
        self.set(Cell::Done(Some(Err(error))));
        Ok(())
    }

    fn take(self: Pin<&mut Self>, out: &mut dyn Any) {
        if let CellProjection::Done(done) = self.project() {
            let out = out.downcast_mut::<Option<Result<F::Output, JoinError>>>();
            *out.expect("a handle has the type of its own task") = done.take();
        }
    }

    fn error(&self) -> Option<&JoinError> {
        match self {
            Cell::Done(Some(Err(error))) => Some(error),
            _ => None,
        }
    }
}
