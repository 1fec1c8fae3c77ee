//! Sleeping: `sleep`, `timeout`, `interval`.
//!
//! **Invariant:** a timer exists only while a future that was polled waits for
//! it: building a sleep costs nothing, and dropping it frees its slot at once.
//!
//! A room: calls `runtime`, and nothing calls it but users.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project::pin_project;

use crate::clock::saturating_nanos;
use crate::probe::{Event, time, timer_number};
use crate::runtime::Runtime;
use crate::slab::TimerKey;

/// The loop's time (asyncio: `loop.time()`): the real one, or with
/// [virtual time](crate::Builder::virtual_time) the virtual one. Outside a
/// loop it is `Instant::now()`.
///
/// ```
/// use std::time::Duration;
///
/// let mut runner = executor::Runner::builder().virtual_time().build();
/// runner.run(async {
///     let before = executor::now();
///     executor::sleep(Duration::from_secs(3600)).await;
///     assert_eq!(executor::now() - before, Duration::from_secs(3600));
/// });
/// ```
pub fn now() -> Instant {
    Runtime::with(|runtime| runtime.clock.instant_at(runtime.clock.now()))
        .unwrap_or_else(Instant::now)
}

/// Waits for a time span (asyncio: `sleep`).
///
/// Exact: deadlines are kept in nanoseconds and come in strict order, first
/// come first served on ties. The span counts from the first poll, as
/// asyncio's does, so a sleep that is built and awaited later sleeps its full
/// length. `sleep(Duration::ZERO)` is exactly one turn of the loop, like
/// [`yield_now`](crate::yield_now); `Duration::MAX` is for ever.
///
/// ```
/// use std::time::Duration;
///
/// executor::run(async {
///     let before = executor::now();
///     executor::sleep(Duration::from_micros(200)).await;
///     assert!(executor::now() - before >= Duration::from_micros(200));
/// });
/// ```
///
/// *Cancel safety:* dropping it frees its timer at once.
///
/// # Panics
///
/// When it is first polled outside a running loop.
pub fn sleep(duration: Duration) -> Sleep {
    Sleep {
        state: State::For(duration),
    }
}

/// Waits for a moment of the loop's clock (asyncio: `loop.call_at`).
///
/// A moment that has passed already is one turn of the loop.
///
/// ```
/// use std::time::Duration;
///
/// executor::run(async {
///     let deadline = executor::now() + Duration::from_micros(200);
///     executor::sleep_until(deadline).await;
///     assert!(executor::now() >= deadline);
/// });
/// ```
///
/// # Panics
///
/// When it is first polled outside a running loop.
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep {
        state: State::Until(deadline),
    }
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// It holds a loop's number and a timer's key and nothing else, so it is
/// `Send` and `Sync` though its loop is not. It belongs to the loop that first
/// polled it.
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep {
    state: State,
}

enum State {
    For(Duration),
    Until(Instant),
    /// The timer is in the queue of the loop with this number, or was and has
    /// fired.
    Armed {
        runtime: u64,
        timer: TimerKey,
    },
    /// The deadline had passed at the first poll: one turn, then ready.
    Yielded,
    Done,
}

impl Sleep {
    /// Moves the deadline to `duration` from now, whether or not it has come.
    /// Whoever awaits it wakes at the new time only (tokio: `Sleep::reset`).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// executor::run(async {
    ///     let mut nap = executor::sleep(Duration::from_secs(3600));
    ///     nap.reset(Duration::from_micros(10));
    ///     nap.await;
    /// });
    /// ```
    pub fn reset(&mut self, duration: Duration) {
        if let State::Armed { runtime, timer } = self.state {
            let moved = Runtime::with(|here| {
                let deadline = here.clock.now().saturating_add(saturating_nanos(duration));
                here.number() == runtime && here.timers.borrow_mut().reschedule(timer, deadline)
            });
            if moved == Some(true) {
                return;
            }
        }
        self.disarm();
        self.state = State::For(duration);
    }

    /// Polls; `at_once` says whether a deadline that has passed is ready now
    /// (a timeout) or in the next turn (a sleep).
    #[inline]
    fn poll_deadline(&mut self, cx: &mut Context<'_>, at_once: bool) -> Poll<()> {
        let poll = Runtime::with(|runtime| match self.state {
            State::For(Duration::ZERO) => self.pass(runtime, cx, at_once),
            State::For(duration) => {
                let now = runtime.clock.now();
                let deadline = now.saturating_add(saturating_nanos(duration));
                self.arm(runtime, deadline, cx)
            }
            State::Until(deadline) => {
                let deadline = runtime.clock.nanos_at(deadline);
                if deadline <= runtime.clock.now() {
                    self.pass(runtime, cx, at_once)
                } else {
                    self.arm(runtime, deadline, cx)
                }
            }
            State::Armed {
                runtime: number,
                timer,
            } => self.poll_armed(runtime, number, timer, cx),
            State::Yielded => self.done(),
            State::Done => Poll::Ready(()),
        });
        poll.unwrap_or_else(|| {
            panic!(
                "a sleep or timeout was polled where no loop runs: await it inside \
                 `executor::run(..)`"
            )
        })
    }

    fn arm(&mut self, runtime: &Runtime, deadline: u64, cx: &Context<'_>) -> Poll<()> {
        let waiter = runtime.waiter(cx);
        let task = waiter.task;
        let timer = runtime.timers.borrow_mut().add(deadline, waiter);
        runtime.probe.emit(|probe| Event::TimerAdd {
            timer: timer_number(timer),
            task: task.map_or(crate::info::TaskId(0), |task| probe.id(task)),
            deadline: time(deadline),
        });
        self.state = State::Armed {
            runtime: runtime.number(),
            timer,
        };
        Poll::Pending
    }

    fn pass(&mut self, runtime: &Runtime, cx: &Context<'_>, at_once: bool) -> Poll<()> {
        if at_once {
            return self.done();
        }
        self.state = State::Yielded;
        runtime.wake_polled(cx);
        Poll::Pending
    }

    fn done(&mut self) -> Poll<()> {
        self.state = State::Done;
        Poll::Ready(())
    }

    fn poll_armed(
        &mut self,
        runtime: &Runtime,
        number: u64,
        timer: TimerKey,
        cx: &Context<'_>,
    ) -> Poll<()> {
        assert!(
            number == runtime.number(),
            "a sleep was polled on one loop and is now polled on another: a timer belongs to the \
             loop that first polled it; make a new sleep"
        );
        if !runtime.timers.borrow().is_armed(timer) {
            return self.done();
        }
        let waiter = runtime.waiter(cx);
        if !runtime.timers.borrow().wakes(timer, &waiter) {
            let displaced = runtime.timers.borrow_mut().set_waiter(timer, waiter);
            drop(displaced);
        }
        Poll::Pending
    }

    #[inline]
    fn disarm(&mut self) {
        let State::Armed { runtime, timer } = self.state else {
            return;
        };
        self.state = State::Done;
        let displaced = Runtime::with(|here| {
            if here.number() != runtime {
                return None; // its own loop is gone, or not entered
            }
            let (armed, waker) = {
                let mut timers = here.timers.borrow_mut();
                (timers.is_armed(timer), timers.cancel(timer))
            };
            if armed {
                here.probe.emit(|_| Event::TimerCancel {
                    timer: timer_number(timer),
                });
            }
            waker
        });
        drop(displaced);
    }
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_deadline(cx, false)
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        self.disarm();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::For(duration) => return write!(f, "Sleep(for {duration:?})"),
            State::Until(_) => "until a moment",
            State::Armed { .. } => "armed",
            State::Yielded | State::Done => "over",
        };
        write!(f, "Sleep({state})")
    }
}

/// Gives a future a time limit (asyncio: `timeout`, `wait_for`).
///
/// The future is polled first: what is ready is never timed out, and if value
/// and deadline come in the same turn the value wins. When the limit passes,
/// the future is dropped *before* the error is given. The limit counts from
/// the end of the first poll, so that a future which is ready at once never
/// costs a look at the clock. A zero limit is one poll (asyncio's `wait_for`
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

/// Like [`timeout`], with a moment of the loop's clock (asyncio:
/// `timeout_at`).
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
    /// `None` once it is over.
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

/// Ticks at a steady pace, counted from the first tick.
///
/// The first tick comes at once. Ticks that were missed are skipped: the pace
/// stays, and no burst makes up for them.
///
/// ```
/// use std::time::Duration;
///
/// let mut runner = executor::Runner::builder().virtual_time().build();
/// runner.run(async {
///     let start = executor::now();
///     let mut every = executor::interval(Duration::from_secs(1));
///     every.tick().await;
///     executor::sleep(Duration::from_millis(2500)).await; // misses two
///     every.tick().await; // one that was due at 1 s
///     every.tick().await;
///     assert_eq!(executor::now() - start, Duration::from_secs(3));
/// });
/// ```
///
/// # Panics
///
/// If `period` is zero: it would tick for ever without time passing.
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert!(
        !period.is_zero(),
        "interval(0) would tick without end; give it a period of at least a nanosecond"
    );
    Interval {
        period,
        next: Next::First,
    }
}

/// What [`interval`] makes.
#[derive(Debug)]
pub struct Interval {
    period: Duration,
    next: Next,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    First,
    At(Instant),
    /// Further away than an `Instant` can say.
    Never,
}

impl Next {
    fn after(moment: Instant, span: Duration) -> Self {
        moment.checked_add(span).map_or(Next::Never, Next::At)
    }
}

impl Interval {
    /// Waits for the next tick, and gives the moment for which it was due.
    ///
    /// *Cancel safety:* a tick that was not received stays due.
    pub async fn tick(&mut self) -> Instant {
        let due = match self.next {
            Next::At(due) => due,
            Next::Never => std::future::pending().await,
            Next::First => {
                let first = now();
                self.next = Next::after(first, self.period);
                return first;
            }
        };
        sleep_until(due).await;
        let late = saturating_nanos(now().saturating_duration_since(due));
        let period = saturating_nanos(self.period);
        let ahead = period.saturating_mul(late / period + 1);
        self.next = Next::after(due, Duration::from_nanos(ahead));
        due
    }

    /// Makes the next tick come one period from now.
    pub fn reset(&mut self) {
        self.next = Next::after(now(), self.period);
    }
}
