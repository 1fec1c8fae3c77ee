//! A set of futures that are polled together.
//!
//! **Invariant:** a member is polled at most once per round, and never after it
//! has completed. Its output stays in its slot until the combinator takes it.
//!
//! Implemented by `list` and `tuple`; polled by the combinators.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use pin_project::pin_project;

use crate::base::hooks::CHILD;
use crate::event_loop::runtime::Runtime;

/// How a round of polls ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Round {
    /// Every member has completed.
    Finished,
    /// Some have not; the task will be woken.
    Pending,
    /// The caller asked for no more.
    Stopped,
}

/// See the [module](self).
pub trait FutureSet {
    /// The outputs of all members.
    type Outputs;

    /// Polls the members that may make progress, and calls `completed` with the
    /// index of each that completes.
    ///
    /// Ends early when `completed` breaks, or when the budget of the task is
    /// exhausted; the next round then starts where this one ended.
    fn poll_round(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        completed: impl FnMut(Pin<&mut Self>, usize) -> ControlFlow<()>,
    ) -> Round;

    /// Takes all outputs, once all members have completed.
    fn take_all(self: Pin<&mut Self>) -> Option<Self::Outputs>;

    /// Drops all futures and outputs, in order.
    fn clear(self: Pin<&mut Self>);
}

/// A future, then its output.
#[pin_project(project = SlotProjection, project_replace = SlotOwned)]
pub(crate) enum Slot<F: Future> {
    /// The future has not completed.
    Running(#[pin] F),
    /// The output was not taken yet.
    Done(F::Output),
    /// The output was taken, or the future dropped.
    Empty,
}

impl<F: Future> Slot<F> {
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Slot::Running(_))
    }

    /// Polls the future, unless it has completed. `Ready` when it completes.
    #[inline]
    pub(super) fn poll(
        mut self: Pin<&mut Self>,
        index: usize,
        cx: &mut Context<'_>,
        watch: &Watch,
    ) -> Poll<()> {
        let SlotProjection::Running(future) = self.as_mut().project() else {
            return Poll::Pending;
        };
        watch.child_poll(index);
        let Poll::Ready(output) = future.poll(cx) else {
            return Poll::Pending;
        };
        watch.child_done(index);
        self.set(Slot::Empty); // the future is dropped before its output is used
        self.set(Slot::Done(output));
        Poll::Ready(())
    }

    #[inline]
    pub(super) fn take(mut self: Pin<&mut Self>) -> Option<F::Output> {
        if self.is_running() {
            return None;
        }
        match self.as_mut().project_replace(Slot::Empty) {
            SlotOwned::Done(output) => Some(output),
            _ => None,
        }
    }
}

/// The loop around a round: its hooks, and the budget of the task. Outside of a
/// loop there is neither.
pub(super) struct Watch(Option<Rc<Runtime>>);

impl Watch {
    #[inline]
    pub(super) fn begin() -> Self {
        Watch(Runtime::current())
    }

    #[inline]
    pub(super) fn is_budget_exhausted(&self) -> bool {
        let runtime = self.0.as_ref();
        runtime.is_some_and(|runtime| runtime.poll.is_budget_exhausted())
    }

    #[inline]
    fn child_poll(&self, index: usize) {
        if let Some(runtime) = &self.0 {
            runtime
                .hooks
                .emit(CHILD, move |hook| hook.child_poll(index));
        }
    }

    #[inline]
    fn child_done(&self, index: usize) {
        if let Some(runtime) = &self.0 {
            runtime
                .hooks
                .emit(CHILD, move |hook| hook.child_done(index));
        }
    }
}

/// Shuffles items if the loop has a seed.
pub(super) fn shuffle<T>(items: &mut [T]) {
    Runtime::with(|runtime| runtime.rng.shuffle(items));
}
