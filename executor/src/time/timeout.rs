//! `timeout`: a time limit for a future.
//!
//! **Invariant:** the future is dropped before either result is given.
//!
//! Called by users and by `cancel_within`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project::pin_project;

use super::sleep::{Sleep, sleep, sleep_until};
use crate::event_loop::poll::PollState;
use crate::event_loop::runtime::Runtime;

/// Sets a time limit for a future (asyncio: `timeout`, `wait_for`).
///
/// The future is polled first: what is ready is never timed out, and if value
/// and deadline come in the same turn, the value wins. A future that may only
/// have waited because the [budget](crate#the-budget-of-a-poll) of this poll was
/// spent is polled once more, with a whole one, before it is timed out. When the
/// limit passes, the future is dropped *before* the error is given. The limit counts from
/// the end of the first poll, so that a future which is ready at once costs no
/// look at the clock. With a zero limit the future is polled once, or twice if
/// the budget was spent (asyncio's `wait_for` would not even start it).
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
        gave_way: false,
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
        gave_way: false,
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
    /// Whether the last poll gave way, because the budget was spent: the next one
    /// has a whole budget, and does not give way again.
    gave_way: bool,
    error: Elapsed,
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("a Timeout was polled after it was ready");
        let here = Runtime::current();
        let budget = here.as_ref().map(|here| &here.poll);
        let before = budget.map_or(0, |budget| budget.consumed.get());
        let is_spent = || budget.is_some_and(PollState::is_budget_exhausted);
        let gave_way = std::mem::take(this.gave_way);
        if is_spent() && !gave_way {
            return give_way(this.gave_way, cx);
        }
        let polled = match budget {
            Some(budget) if gave_way => with_whole_budget(budget, || future.poll(cx)),
            _ => future.poll(cx),
        };
        let result = match polled {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => {
                ready!(this.deadline.poll_deadline(here.as_ref(), cx, true));
                // The future may be ready, and have had too little budget to say
                // so. One that had all of it and spent it is not.
                if is_spent() && before > 0 && !gave_way {
                    return give_way(this.gave_way, cx);
                }
                Err(*this.error)
            }
        };
        this.future.set(None);
        this.deadline.disarm();
        if let Some(budget) = budget {
            budget.consume_budget_since(before);
        }
        Poll::Ready(result)
    }
}

/// Runs `f` with a whole budget. What it consumes counts for this poll.
fn with_whole_budget<R>(budget: &PollState, f: impl FnOnce() -> R) -> R {
    let before = budget.consumed.replace(0);
    let result = f();
    let consumed = budget.consumed.get();
    budget.consumed.set(consumed.saturating_add(before));
    result
}

fn give_way<T>(gave_way: &mut bool, cx: &Context<'_>) -> Poll<T> {
    *gave_way = true;
    cx.waker().wake_by_ref();
    Poll::Pending
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
