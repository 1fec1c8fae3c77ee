//! Requests to stop: how a task learns that it should end by itself, and is
//! dropped if it does not.
//!
//! **Invariant:** a request wakes every place where its task listens, once, and
//! a task that listens later learns of it at once. A task that returns within
//! the grace period gives its value; one that does not is gone when the wait
//! ends.
//!
//! Called by users, and by `scope` for its handles.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::timeout::timeout;
use crate::base::error::JoinError;
use crate::base::slab::{TaskKey, WaitKey};
use crate::event_loop::runtime::Runtime;
use crate::event_loop::task::{State, Task};
use crate::spawn::handle::{JoinHandle, TaskRef};

/// Waits until this task is asked to stop, by
/// [`cancel_within`](crate::JoinHandle::cancel_within) (asyncio: `except
/// CancelledError`).
///
/// For tasks that must finish something before they end, such as a message to a
/// peer or a file: await it beside the work, for example with
/// [`race`](crate::race()). It listens for the task that first polls it; if it
/// is then moved to another task, the end of the first task completes it too. A
/// plain [`cancel`](crate::JoinHandle::cancel) does not ask: it drops the task.
///
/// ```
/// use executor::{cancelled, race, run, sleep, spawn, yield_now};
/// use std::time::Duration;
///
/// run(async {
///     let worker = spawn(async {
///         let mut jobs = 0;
///         loop {
///             let work = async {
///                 sleep(Duration::from_millis(1)).await;
///                 true
///             };
///             let stop = async {
///                 cancelled().await;
///                 false
///             };
///             match race((stop, work)).await {
///                 (_, true) => jobs += 1,
///                 (_, false) => return jobs,
///             }
///         }
///     });
///     sleep(Duration::from_millis(20)).await;
///     assert!(worker.cancel_within(Duration::from_secs(5)).await.unwrap() > 0);
/// });
/// ```
///
/// *Cancel safety:* dropping it loses nothing: the request stays.
///
/// # Panics
///
/// When it is first polled outside of a task.
pub fn cancelled() -> Cancelled {
    Cancelled(None)
}

/// The future of [`cancelled`].
#[must_use = "futures do nothing unless awaited"]
pub struct Cancelled(Option<Listener>);

/// Made by the first poll.
struct Listener {
    runtime: Rc<Runtime>,
    task: TaskKey,
    /// The registered wait, if there is one.
    wait: Option<WaitKey>,
}

impl Future for Cancelled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let listener = self.0.get_or_insert_with(Listener::new);
        listener.stop();
        let (runtime, key) = (&listener.runtime, listener.task);
        let is_alive = |task: &Task| task.state == State::Alive;
        if !runtime.tasks.borrow().get(key).is_some_and(is_alive) {
            // Asked to stop, cancelled or ended.
            if let Some(here) = Runtime::current() {
                ready!(here.poll_budget(cx));
                here.poll.consume_budget();
            }
            return Poll::Ready(());
        }
        let waiter = runtime.poll.waiter(cx);
        let mut listeners = runtime.cancel_listeners.borrow_mut();
        listener.wait = Some(listeners.entry(key).or_default().insert(waiter));
        Poll::Pending
    }
}

impl Listener {
    fn new() -> Self {
        let runtime = Runtime::expect_current("cancelled");
        let task = runtime.poll.task().expect(
            "cancelled() waits for the cancel of the task that polls it, and this is polled \
             outside of a task",
        );
        Listener {
            runtime,
            task,
            wait: None,
        }
    }

    fn stop(&mut self) {
        let Some(wait) = self.wait.take() else { return };
        let mut listeners = self.runtime.cancel_listeners.borrow_mut();
        let waits = listeners.get_mut(&self.task);
        let removed = waits.and_then(|waits| waits.remove(wait));
        drop(listeners);
        drop(removed); // may be a foreign waker: with nothing borrowed
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cancelled")
    }
}

/// Asks a task to stop by itself, unless it was asked or cancelled before or has
/// ended.
pub(crate) fn request_stop(task: &TaskRef) {
    match task.runtime.tasks.borrow_mut().get_mut(task.key) {
        Some(task) if task.state == State::Alive => task.state = State::StopRequested,
        _ => return,
    }
    task.runtime.wake_cancel_listeners(task.key);
}

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
