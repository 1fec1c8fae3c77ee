//! Handle of a task in a scope.
//!
//! **Invariant:** the output of a child is taken at most once, by its handle;
//! an unread output is dropped with the child as the current task.
//!
//! Called by users; created by `nursery`. Imports `spawn::handle`, whose
//! [`TaskRef`] it shares.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::base::error::JoinError;
use crate::base::slab::TaskKey;
use crate::base::task_info::TaskId;
use crate::event_loop::runtime::Runtime;
use crate::spawn::handle::TaskRef;
use crate::time::cancelled::{end_within, request_stop};

/// The output of a child, until its handle takes it.
pub(super) type OutputCell<T> = Cell<Option<T>>;

/// Handle of a task in a [`scope`](crate::scope()) (std:
/// `std::thread::ScopedJoinHandle`).
///
/// Awaiting it gives the output, or a [`JoinError`] that says "cancelled". It
/// never says "panicked": a panic ends the whole scope. Dropping the handle
/// detaches the child, which continues; the scope waits for it.
///
/// An unread output is dropped with its handle. Outputs that hold handles, whose
/// outputs hold handles, are dropped inside each other, unlike those of
/// [`JoinHandle`](crate::JoinHandle): the stack limits how deep.
///
/// ```
/// executor::run(async {
///     let words = ["a", "b"];
///     let joined = executor::scope(async |s| {
///         let task = s.spawn(async { words.concat() });
///         task.await.unwrap()
///     })
///     .await;
///     assert_eq!(joined, "ab");
/// });
/// ```
///
/// *Cancel safety:* dropping the await loses nothing; the handle can be
/// awaited again, by reference too.
///
/// # Panics
///
/// When it is polled again after it gave its output. When another loop polls it
/// before the child has ended.
pub struct ScopedJoinHandle<T> {
    task: TaskRef,
    output: Rc<OutputCell<T>>,
    /// Whether the output or the error was returned.
    is_done: bool,
}

impl<T> ScopedJoinHandle<T> {
    pub(super) fn new(task: TaskRef, output: Rc<OutputCell<T>>) -> Self {
        ScopedJoinHandle {
            task,
            output,
            is_done: false,
        }
    }

    /// Requests that the child be dropped instead of polled; see
    /// [`JoinHandle::cancel`](crate::JoinHandle::cancel).
    pub fn cancel(&self) -> bool {
        self.task.runtime.request_cancel(self.task.key)
    }

    /// Asks the child to stop, waits for at most `grace` until it has ended, and
    /// cancels it if it has not; see [`JoinHandle::cancel_within`](crate::JoinHandle::cancel_within).
    ///
    /// # Errors
    ///
    /// Those of awaiting the handle: "cancelled" if the grace period passed
    /// first.
    pub fn cancel_within(self, grace: Duration) -> impl Future<Output = Result<T, JoinError>> {
        request_stop(&self.task);
        end_within(self, grace, Self::cancel)
    }

    /// Returns whether the child has ended.
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// Returns the child's number.
    pub fn id(&self) -> TaskId {
        self.task.identity().id
    }

    /// Returns the child's name, or `Task-n`.
    pub fn name(&self) -> String {
        self.task.identity().name()
    }
}

impl<T> Unpin for ScopedJoinHandle<T> {}

impl<T> Future for ScopedJoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(
            !self.is_done,
            "a ScopedJoinHandle was polled after it gave its output"
        );
        ready!(self.task.poll_end(cx, || self.task.is_finished()));
        self.is_done = true;
        let value = self.output.take();
        Poll::Ready(value.ok_or_else(|| JoinError::cancelled(self.task.identity())))
    }
}

impl<T> Drop for ScopedJoinHandle<T> {
    fn drop(&mut self) {
        if let Some(unread) = self.output.take() {
            drop_in_task(&self.task.runtime, self.task.key, unread);
        }
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt("ScopedJoinHandle", f)
    }
}

/// Drops the future of a child, or its output, with the child as the current
/// task. A panic of the destructor is reported, or ends the run: it is not one of
/// the child, and the scope continues.
pub(super) fn drop_in_task<T>(runtime: &Runtime, task: TaskKey, value: T) {
    if let Some(identity) = runtime.identity(task) {
        runtime.poll.with_current_task(task, || {
            let what = "the destructor of the future of";
            runtime.contain(format_args!("{what} {identity}"), || drop(value));
        });
    }
}
