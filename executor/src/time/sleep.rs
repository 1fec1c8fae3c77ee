//! `sleep`: one deadline, as a future.
//!
//! **Invariant:** a sleep has a timer in its loop's heap exactly while it is
//! armed: creating one costs nothing, and dropping one frees its slot at once.
//!
//! Called by users, `timeout` and `interval`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::base::clock::{Nanos, saturating_nanos};
use crate::base::hooks::TIMER;
use crate::base::slab::TimerKey;
use crate::event_loop::runtime::Runtime;

/// Waits for a duration (asyncio: `sleep`).
///
/// Exact: deadlines are kept in nanoseconds and fire in strict order, first in
/// first out on ties. The duration counts from the first poll, as asyncio's
/// does, so a sleep that is created and awaited later sleeps its full length.
/// `sleep(Duration::ZERO)` is exactly one turn of the loop, like
/// [`yield_now`](crate::yield_now); `Duration::MAX` never ends.
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

/// Waits until a moment of the loop's clock (asyncio: `loop.call_at`).
///
/// A moment in the past is one turn of the loop.
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
/// It holds a loop's id and a timer's key and nothing else, so it is `Send` and
/// `Sync` though its loop is not. It belongs to the loop that first polled it.
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep {
    state: State,
}

enum State {
    For(Duration),
    Until(Instant),
    /// The timer is in the heap of the loop with this id, or has fired.
    Armed {
        home: u64,
        timer: TimerKey,
    },
    /// Ready at the next poll.
    Done,
}

impl Sleep {
    /// Moves the deadline to `duration` from now, whether or not it has passed.
    /// A task that awaits it wakes at the new time only (tokio: `Sleep::reset`).
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
        if let State::Armed { home, timer } = self.state {
            if let Some(here) = Runtime::current().filter(|here| here.id() == home) {
                let deadline = deadline_after(&here, duration);
                if here.timers.borrow_mut().reschedule(timer, deadline) {
                    let hooks = &here.hooks;
                    hooks.emit(TIMER, move |hook| hook.timer_move(timer, deadline));
                    return;
                }
            }
        }
        self.disarm();
        self.state = State::For(duration);
    }

    /// Polls; `at_once` says whether a deadline in the past is ready now (a
    /// timeout) or in the next turn (a sleep).
    #[inline]
    pub(super) fn poll_deadline(&mut self, cx: &mut Context<'_>, at_once: bool) -> Poll<()> {
        let runtime = Runtime::current().expect(
            "a sleep or timeout was polled where no loop runs: await it inside `executor::run(..)`",
        );
        let deadline = match self.state {
            State::For(Duration::ZERO) => None,
            State::For(duration) => Some(deadline_after(&runtime, duration)),
            State::Until(deadline) => {
                let deadline = runtime.clock.nanos_at(deadline);
                (deadline > runtime.clock.now()).then_some(deadline)
            }
            State::Armed { home, timer } => return self.poll_armed(&runtime, home, timer, cx),
            State::Done => return Poll::Ready(()),
        };
        let Some(deadline) = deadline else {
            self.state = State::Done;
            if at_once {
                return Poll::Ready(());
            }
            runtime.wake_current(cx);
            return Poll::Pending;
        };
        let waiter = runtime.poll.waiter(cx);
        let task = waiter.task;
        let timer = runtime.timers.borrow_mut().add(deadline, waiter);
        let hooks = &runtime.hooks;
        hooks.emit(TIMER, move |hook| hook.timer_add(timer, task, deadline));
        let home = runtime.id();
        self.state = State::Armed { home, timer };
        Poll::Pending
    }

    fn poll_armed(
        &mut self,
        runtime: &Runtime,
        home: u64,
        timer: TimerKey,
        cx: &Context<'_>,
    ) -> Poll<()> {
        assert!(
            home == runtime.id(),
            "a sleep was polled on one loop and is now polled on another: a timer belongs to the \
             loop that first polled it; make a new sleep"
        );
        if !runtime.timers.borrow().is_armed(timer) {
            self.state = State::Done;
            return Poll::Ready(());
        }
        let waiter = runtime.poll.waiter(cx);
        if !runtime.timers.borrow().wakes(timer, &waiter) {
            let displaced = runtime.timers.borrow_mut().set_waiter(timer, waiter);
            drop(displaced);
        }
        Poll::Pending
    }

    #[inline]
    pub(super) fn disarm(&mut self) {
        let State::Armed { home, timer } = self.state else {
            return;
        };
        self.state = State::Done;
        // Found also between two runs of a runner; the heap is gone with a loop.
        let Some(home) = Runtime::find(home) else {
            return;
        };
        let mut timers = home.timers.borrow_mut();
        if timers.is_armed(timer) {
            let displaced = timers.cancel(timer);
            drop(timers);
            home.hooks.emit(TIMER, move |hook| hook.timer_cancel(timer));
            drop(displaced); // may be a foreign waker: with nothing borrowed
        }
    }
}

fn deadline_after(runtime: &Runtime, duration: Duration) -> Nanos {
    let now = runtime.clock.now();
    now.saturating_add(saturating_nanos(duration))
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
            State::Done => "over",
        };
        write!(f, "Sleep({state})")
    }
}
