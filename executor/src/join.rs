//! One value, handed from a task to whoever waits for it.
//!
//! A spawned future and its output share one allocation, the [`Cell`]: it
//! holds the future until that returns, then the output until the handle takes
//! it. **Invariant:** it goes from running to done once, and the output leaves
//! at most once.
//!
//! ```text
//!              poll: Ready                          take
//!   Running ─────────────────▶ Done(Some(Ok(value))) ──────▶ Done(None)
//!      │  fail: cancelled, panicked                             ▲
//!      └─────────────────────▶ Done(Some(Err(error))) ──────────┘
//! ```
//!
//! Owned by `task` as a `dyn Work`, which forgets the output's type; made and
//! emptied by the `spawn` room, which knows it. Imports only `error`.

use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project::pin_project;

use crate::error::JoinError;

/// A future with a place for its output, as the loop sees it.
pub(crate) trait Work {
    /// Polls the future; on `Ready` the output is in the cell and the future
    /// is gone.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// Drops the future and puts the error in its place. A cell that is done
    /// already keeps what it has, and gives the error back.
    ///
    /// If dropping the future panics, the error is in place all the same.
    fn fail(self: Pin<&mut Self>, error: JoinError) -> Result<(), JoinError>;

    /// Takes the output out, into an `Option<Result<T, JoinError>>` of the
    /// right `T`. Leaves it `None` if there is none to take.
    fn take(self: Pin<&mut Self>, out: &mut dyn Any);

    /// The panic in the cell, if that is what it holds.
    fn error(&self) -> Option<&JoinError>;
}

/// A spawned future and its output, in one allocation.
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
            unreachable!("the loop never polls a task that is done");
        };
        let value = ready!(future.poll(cx));
        self.set(Cell::Done(Some(Ok(value))));
        Poll::Ready(())
    }

    fn fail(mut self: Pin<&mut Self>, error: JoinError) -> Result<(), JoinError> {
        if !matches!(*self, Cell::Running(_)) {
            return Err(error);
        }
        self.set(Cell::Done(Some(Err(error))));
        Ok(())
    }

    fn take(self: Pin<&mut Self>, out: &mut dyn Any) {
        if let CellProjection::Done(done) = self.project() {
            *out.downcast_mut::<Option<Result<F::Output, JoinError>>>()
                .expect("a handle asks for its own task's type") = done.take();
        }
    }

    fn error(&self) -> Option<&JoinError> {
        match self {
            Cell::Done(Some(Err(error))) => Some(error),
            _ => None,
        }
    }
}
