//! A guard that cancels its task.
//!
//! **Invariant:** dropping the guard cancels the task, unless it was detached.
//!
//! Called by users. Imports `handle`.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::handle::JoinHandle;
use crate::base::error::JoinError;

impl<T> JoinHandle<T> {
    /// Turns the handle into a guard that cancels the task when it is dropped.
    ///
    /// ```
    /// executor::run(async {
    ///     let task = executor::spawn(std::future::pending::<()>());
    ///     let guard = task.cancel_on_drop();
    ///     drop(guard); // the task is dropped at its next turn
    /// });
    /// ```
    pub fn cancel_on_drop(self) -> CancelOnDrop<T> {
        CancelOnDrop { handle: Some(self) }
    }
}

/// Cancels its task when it is dropped; see [`JoinHandle::cancel_on_drop`].
///
/// Awaiting it is awaiting the handle.
#[derive(Debug)]
#[must_use = "dropping the guard cancels the task at once"]
pub struct CancelOnDrop<T> {
    /// `None` once detached.
    handle: Option<JoinHandle<T>>,
}

impl<T> CancelOnDrop<T> {
    /// Returns the handle: the task continues.
    pub fn detach(mut self) -> JoinHandle<T> {
        self.handle
            .take()
            .expect("the guard holds the handle until here")
    }

    /// Returns the handle.
    pub fn handle(&self) -> &JoinHandle<T> {
        self.handle.as_ref().expect("the guard holds the handle")
    }
}

impl<T: 'static> Future for CancelOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let handle = self.handle.as_mut().expect("the guard holds the handle");
        Pin::new(handle).poll(cx)
    }
}

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.cancel();
        }
    }
}
