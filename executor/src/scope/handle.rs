//! The handle of a scoped task.
//!
//! **Invariant:** the value leaves the slot once, to the handle, or is dropped
//! in the name of the task that made it.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use crate::error::JoinError;
use crate::info::{Identity, TaskId};
use crate::runtime::Runtime;
use crate::slab::TaskKey;

/// Where a child leaves its value.
pub(super) type Slot<T> = Cell<Option<T>>;

/// The way to the output of a task in a [`scope`](crate::scope()) (std:
/// `std::thread::ScopedJoinHandle`).
///
/// Awaiting it gives the output, or a [`JoinError`] that says "cancelled". It
/// never says "panicked": a panic ends the whole scope. Dropping it lets the
/// child go on; the scope waits for it.
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
/// When it is polled again after it gave its output.
pub struct ScopedJoinHandle<T> {
    runtime: Rc<Runtime>,
    task: TaskKey,
    slot: Rc<Slot<T>>,
    given: bool,
}

impl<T> ScopedJoinHandle<T> {
    pub(super) fn new(runtime: Rc<Runtime>, task: TaskKey, slot: Rc<Slot<T>>) -> Self {
        ScopedJoinHandle {
            runtime,
            task,
            slot,
            given: false,
        }
    }

    /// Asks for the child to be dropped instead of polled; see
    /// [`JoinHandle::cancel`](crate::JoinHandle::cancel).
    pub fn cancel(&self) -> bool {
        self.runtime.request_cancel(self.task)
    }

    /// Has the child ended?
    pub fn is_finished(&self) -> bool {
        self.runtime.has_ended(self.task)
    }

    /// The child's number.
    pub fn id(&self) -> TaskId {
        self.identity().id
    }

    /// The child's name, or `Task-n`.
    pub fn name(&self) -> String {
        self.identity().name()
    }

    pub(crate) fn ask_to_stop(&self) {
        self.runtime.ask_to_stop(self.task);
    }

    fn identity(&self) -> Identity {
        let identity = self.runtime.identity(self.task);
        identity.expect("a task's entry stays as long as its handle")
    }
}

impl<T> Unpin for ScopedJoinHandle<T> {}

impl<T> Future for ScopedJoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(
            !self.given,
            "a ScopedJoinHandle was polled after it gave its output"
        );
        ready!(self.runtime.afford(cx));
        if !self.is_finished() {
            let waiter = self.runtime.waiter(cx);
            self.runtime.set_join_waiter(self.task, waiter);
            return Poll::Pending;
        }
        self.runtime.spend();
        self.given = true;
        let value = self.slot.take();
        Poll::Ready(value.ok_or_else(|| JoinError::cancelled(self.identity())))
    }
}

impl<T> Drop for ScopedJoinHandle<T> {
    fn drop(&mut self) {
        if let Some(unread) = self.slot.take() {
            self.runtime.drop_nested(self.task, unread);
        }
        self.runtime.detach(self.task);
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("finished", &self.is_finished())
            .finish()
    }
}
