//! Cancelling with grace: a task is asked to stop, and dropped if it does not.
//!
//! **Invariant:** a task that was asked and returns in time gives its value;
//! one that does not is gone when the wait for it ends.
//!
//! In the upper storey: the handles are `spawn`'s and `scope`'s, the clock is
//! `time`'s.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::error::JoinError;
use crate::runtime::Runtime;
use crate::scope::ScopedJoinHandle;
use crate::slab::TaskKey;
use crate::spawn::JoinHandle;
use crate::time::timeout;

impl<T: 'static> JoinHandle<T> {
    /// Asks the task to stop, waits as long as `grace` for it to do so, and
    /// then cancels it (asyncio: a `CancelledError` that the task catches to
    /// clean up, with a `wait_for` around it).
    ///
    /// The task hears of it where it awaits [`cancelled`]; what it does then,
    /// it may await. It is asked when this is called, whether or not the
    /// result is awaited. Gives what the task returned, if it did in time.
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
    /// *Cancel safety:* dropping the result leaves the task asked, and detached;
    /// it is not cancelled.
    ///
    /// # Errors
    ///
    /// As awaiting the handle: "cancelled" if the grace was over first.
    pub fn cancel_within(self, grace: Duration) -> impl Future<Output = Result<T, JoinError>> {
        self.ask_to_stop();
        end_within(self, grace, Self::cancel)
    }
}

impl<T> ScopedJoinHandle<T> {
    /// Asks the child to stop, waits as long as `grace` for it to do so, and
    /// then cancels it; see [`JoinHandle::cancel_within`].
    ///
    /// # Errors
    ///
    /// As awaiting the handle: "cancelled" if the grace was over first.
    pub fn cancel_within(self, grace: Duration) -> impl Future<Output = Result<T, JoinError>> {
        self.ask_to_stop();
        end_within(self, grace, Self::cancel)
    }
}

/// Waits for a task that was asked to stop, and cancels it if it does not.
async fn end_within<H, T>(
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

/// Waits until somebody asks this task to stop, with
/// [`cancel_within`](JoinHandle::cancel_within) (asyncio: `except
/// CancelledError`).
///
/// For tasks that have something to say before they end, to a peer or to a
/// file: await it beside the work, with [`race`](crate::race()) say. The task
/// whose cancel is meant is the one that first polls this, and if this is moved
/// elsewhere, the end of that task ends the wait too. A plain
/// [`cancel`](JoinHandle::cancel) asks nobody: it drops the task.
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
/// *Cancel safety:* dropping it loses nothing: a task that was asked stays
/// asked.
///
/// # Panics
///
/// When it is first polled outside of a task.
pub fn cancelled() -> Cancelled {
    Cancelled { listening: None }
}

/// The future of [`cancelled`].
#[must_use = "futures do nothing unless awaited"]
pub struct Cancelled {
    /// Since the first poll.
    listening: Option<Listening>,
}

struct Listening {
    runtime: Rc<Runtime>,
    task: TaskKey,
    /// `None` once told.
    place: Option<u64>,
}

impl Future for Cancelled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let listening = self.listening.get_or_insert_with(Listening::new);
        listening.stop();
        if listening.runtime.was_asked_to_stop(listening.task) {
            return Poll::Ready(());
        }
        let waiter = listening.runtime.waiter(cx);
        listening.place = Some(listening.runtime.listen(listening.task, waiter));
        Poll::Pending
    }
}

impl Listening {
    fn new() -> Self {
        let runtime = Runtime::expect_current("cancelled");
        let task = runtime.polled_task().expect(
            "cancelled() waits for the cancel of the task that polls it, and this is polled \
             outside of a task",
        );
        Listening {
            runtime,
            task,
            place: None,
        }
    }

    fn stop(&mut self) {
        if let Some(place) = self.place.take() {
            self.runtime.stop_listening(self.task, place);
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cancelled")
    }
}
