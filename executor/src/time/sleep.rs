//! One deadline, as a future.
//!
//! **Invariant:** it has a timer in its loop's queue exactly while it is armed.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::clock::{Nanos, saturating_nanos};
use crate::probe::{Event, WaitTarget, time, timer_number};
use crate::runtime::Runtime;
use crate::slab::{TaskKey, TimerKey};

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
                let moved = here.number() == runtime
                    && here.timers.borrow_mut().reschedule(timer, deadline);
                if moved {
                    here.emit(move |_| Event::TimerMove {
                        timer: timer_number(timer),
                        deadline: time(deadline),
                    });
                }
                moved
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
    pub(super) fn poll_deadline(&mut self, cx: &mut Context<'_>, at_once: bool) -> Poll<()> {
        let Some(runtime) = Runtime::current() else {
            no_loop();
        };
        let runtime = &*runtime;
        match self.state {
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
        }
    }

    fn arm(&mut self, runtime: &Runtime, deadline: u64, cx: &Context<'_>) -> Poll<()> {
        let waiter = runtime.waiter(cx);
        let task = waiter.task;
        let timer = runtime.timers.borrow_mut().add(deadline, waiter);
        if runtime.is_told() {
            tell_arming(runtime, timer, task, deadline);
        }
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
    pub(super) fn disarm(&mut self) {
        let State::Armed { runtime, timer } = self.state else {
            return;
        };
        self.state = State::Done;
        let displaced = Runtime::with(|here| {
            let is_home = here.number() == runtime;
            is_home.then(|| cancel(here, timer))
        });
        let displaced = displaced.flatten().unwrap_or_else(|| {
            // Its loop is gone, or a runner's that stands still.
            Runtime::find(runtime).and_then(|home| cancel(&home, timer))
        });
        drop(displaced);
    }
}

#[cold]
#[track_caller]
fn tell_arming(runtime: &Runtime, timer: TimerKey, task: Option<TaskKey>, deadline: Nanos) {
    runtime.emit(move |probe| Event::TimerAdd {
        timer: timer_number(timer),
        task: probe.id(task),
        deadline: time(deadline),
    });
    runtime.emit(move |probe| Event::Await {
        task: probe.id(task),
        on: WaitTarget::Timer(timer_number(timer)),
    });
}

#[cold]
fn no_loop() -> ! {
    panic!("a sleep or timeout was polled where no loop runs: await it inside `executor::run(..)`")
}

/// Disarms a timer, if it has not fired; gives back a waker to be dropped.
#[inline]
fn cancel(runtime: &Runtime, timer: TimerKey) -> Option<Waker> {
    let mut timers = runtime.timers.borrow_mut();
    if !timers.is_armed(timer) {
        return None;
    }
    let displaced = timers.cancel(timer);
    drop(timers);
    runtime.emit(move |_| Event::TimerCancel {
        timer: timer_number(timer),
    });
    displaced
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
