//! `timeout`: a time limit for a future.
//!
//! **Invariant:** the future is dropped before either result is given.
//!
//! Called by users and by `cancel_within`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project::pin_project;

use super::sleep::{Sleep, sleep, sleep_until};

/// Sets a time limit for a future (asyncio: `timeout`, `wait_for`).
///
/// The future is polled first: what is ready is never timed out, and if value
/// and deadline come in the same turn, the value wins. When the limit passes,
/// the future is dropped *before* the error is given. The limit counts from
/// the end of the first poll, so that a future which is ready at once costs no
/// look at the clock. A zero limit is one poll (asyncio's `wait_for`
/// would not even start the future).
///
/// ```
/// use executor::{run, sleep, timeout};
/// use std::time::Duration;
///
/// run(async {
///     let slow = timeout(Duration::from_millis(1), sleep(Duration::from_secs(60))).await;
///     assert_eq!(slow.unwrap_err().to_string(), "timed out after 1ms");
///     let quick = timeout(Duration::from_secs(60), async { 7 }).await;
///     assert_eq!(quick.unwrap(), 7);
/// });
/// ```
///
/// *Cancel safety:* dropping it drops the future.
///
/// # Errors
///
/// [`Elapsed`] if the limit passed first.
///
/// # Panics
///
/// When it is polled outside a running loop and the future is not ready.
pub fn timeout<F: Future>(limit: Duration, future: F) -> Timeout<F> {
    Timeout {
        future: Some(future),
        deadline: sleep(limit),
        error: Elapsed { limit: Some(limit) },
    }
}

/// Sets a deadline for a future (asyncio: `timeout_at`).
///
/// ```
/// use std::time::Duration;
///
/// executor::run(async {
///     let soon = executor::now() + Duration::from_micros(100);
///     let never = executor::timeout_at(soon, std::future::pending::<()>()).await;
///     assert!(never.is_err());
/// });
/// ```
///
/// # Errors
///
/// [`Elapsed`] if the moment came first.
pub fn timeout_at<F: Future>(deadline: Instant, future: F) -> Timeout<F> {
    Timeout {
        future: Some(future),
        deadline: sleep_until(deadline),
        error: Elapsed { limit: None },
    }
}

/// The future of [`timeout`] and [`timeout_at`].
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Timeout<F> {
    /// `None` once it has completed or was dropped.
    #[pin]
    future: Option<F>,
    deadline: Sleep,
    error: Elapsed,
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("a Timeout was polled after it was ready");
        if let Poll::Ready(output) = future.poll(cx) {
            this.future.set(None);
            this.deadline.disarm();
            return Poll::Ready(Ok(output));
        }
        if this.deadline.poll_deadline(cx, true).is_pending() {
            return Poll::Pending;
        }
        this.future.set(None);
        Poll::Ready(Err(*this.error))
    }
}

/// The error of [`timeout`]: the limit passed first (asyncio: `TimeoutError`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    limit: Option<Duration>,
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Some(limit) => write!(f, "timed out after {limit:?}"),
            None => write!(f, "timed out: the deadline passed"),
        }
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(error: Elapsed) -> Self {
        std::io::Error::new(std::io::ErrorKind::TimedOut, error)
    }
}
