//! Cancelling with a grace period: a task is asked to stop, and dropped if it
//! does not.
//!
//! **Invariant:** a task that returns within the grace period gives its value;
//! one that does not is gone when the wait ends.
//!
//! Called by users, and by `scope` for its handles.

use std::time::Duration;

use super::timeout::timeout;
use crate::base::error::JoinError;
use crate::spawn::cancelled::request_stop;
use crate::spawn::handle::JoinHandle;

impl<T: 'static> JoinHandle<T> {
    /// Asks the task to stop, waits as long as `grace` for it to do so, and
    /// then cancels it (asyncio: a `CancelledError` that the task catches to
    /// clean up, with a `wait_for` around it).
    ///
    /// The task learns of the request where it awaits
    /// [`cancelled`](crate::cancelled), and may await more before it returns.
    /// The request is made by the call, whether or not the result is awaited.
    /// Gives what the task returned, if it returned in time.
    ///
    /// ```
    /// use executor::{cancelled, run, sleep, spawn};
    /// use std::time::Duration;
    ///
    /// run(async {
    ///     let polite = spawn(async {
    ///         cancelled().await;
    ///         sleep(Duration::from_millis(1)).await; // says goodbye
    ///         "done"
    ///     });
    ///     assert_eq!(polite.cancel_within(Duration::from_secs(5)).await.unwrap(), "done");
    ///
    ///     let deaf = spawn(std::future::pending::<()>());
    ///     let error = deaf.cancel_within(Duration::from_millis(1)).await.unwrap_err();
    ///     assert!(error.is_cancelled());
    /// });
    /// ```
    ///
    /// *Cancel safety:* dropping the result leaves the task asked to stop and
    /// detached; it is not cancelled.
    ///
    /// # Errors
    ///
    /// As awaiting the handle: "cancelled" if the grace period passed first.
    pub fn cancel_within(self, grace: Duration) -> impl Future<Output = Result<T, JoinError>> {
        request_stop(&self.task);
        end_within(self, grace, Self::cancel)
    }
}

/// Waits for a task that was asked to stop, and cancels it after `grace`.
pub(crate) async fn end_within<H, T>(
    mut handle: H,
    grace: Duration,
    cancel: impl FnOnce(&H) -> bool,
) -> Result<T, JoinError>
where
    H: Future<Output = Result<T, JoinError>> + Unpin,
{
    if let Ok(ended) = timeout(grace, &mut handle).await {
        return ended;
    }
    cancel(&handle);
    handle.await
}
