//! `sleep`: one deadline, as a future.
//!
//! **Invariant:** a sleep has a timer in its loop's heap only while it is armed:
//! creating one costs nothing, and dropping one frees its slot at once or, from
//! another thread, when the loop next looks at its inbox.
//!
//! Called by users, `timeout` and `interval`.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::base::clock::{Nanos, saturating_nanos};
use crate::base::error::{caught, report};
use crate::base::hooks::TIMER;
use crate::base::inbox::Message;
use crate::base::loop_id::RemoteLoop;
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
/// *Cancel safety:* dropping it frees its timer at once; on another thread than
/// its loop's, when the loop next looks at its inbox (which ends a park).
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
    /// As `For`; the sleep was armed in the loop with this id.
    Moved {
        home: u64,
        duration: Duration,
    },
    /// The timer is in the heap of the loop with this id, or has fired.
    Armed {
        home: u64,
        timer: TimerKey,
    },
    /// Ready at the next poll.
    Done,
}

impl Sleep {
    /// Moves the deadline to `duration` from now, whether or not it has passed
    /// (tokio: `Sleep::reset`).
    ///
    /// A task that awaits it is woken at the new time, wherever the reset comes
    /// from. Inside its loop, at that time only. Between two runs, inside another
    /// loop or on another thread, the task is also polled once before: to arm the
    /// timer again.
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
    ///
    /// The duration counts from the next poll instead of from now where the
    /// sleep's clock cannot be read: outside of loops before the first poll or
    /// after the end, and outside of its loop if that has virtual time, which
    /// moves only while no task is ready.
    pub fn reset(&mut self, duration: Duration) {
        let here = Runtime::current();
        if let (State::Armed { home, timer }, Some(here)) = (&self.state, &here) {
            if *home == here.id() {
                let (timer, deadline) = (*timer, deadline_after(here, duration));
                if here.timers.borrow_mut().reschedule(timer, deadline) {
                    let hooks = &here.hooks;
                    hooks.emit(TIMER, move |hook| hook.timer_move(timer, deadline));
                    return;
                }
            }
        }
        let home = match self.state {
            State::Armed { home, .. } | State::Moved { home, .. } => home,
            _ => here.as_ref().map_or(0, |here| here.id()),
        };
        self.release(true);
        let now = now_of(home, here.as_deref());
        let deadline = now.and_then(|now| now.checked_add(duration));
        self.state = deadline.map_or(State::Moved { home, duration }, State::Until);
    }

    /// Polls, on the loop `here`; `at_once` says whether a deadline in the past is ready now (a
    /// timeout) or in the next turn (a sleep).
    #[inline]
    pub(super) fn poll_deadline(
        &mut self,
        here: Option<&Rc<Runtime>>,
        cx: &mut Context<'_>,
        at_once: bool,
    ) -> Poll<()> {
        let runtime = here.expect(
            "a sleep or timeout was polled where no loop runs: await it inside `executor::run(..)`",
        );
        let deadline = match self.state {
            State::For(duration) | State::Moved { duration, .. } => {
                (!duration.is_zero()).then(|| deadline_after(runtime, duration))
            }
            State::Until(deadline) => {
                let deadline = runtime.clock.nanos_at(deadline);
                (deadline > runtime.clock.now()).then_some(deadline)
            }
            State::Armed { home, timer } => return self.poll_armed(runtime, home, timer, cx),
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
        let displaced = runtime.timers.borrow_mut().set_waiter(timer, waiter);
        drop(displaced); // may be a foreign waker: with nothing borrowed
        Poll::Pending
    }

    #[inline]
    pub(super) fn disarm(&mut self) {
        self.release(false);
    }

    /// Frees the timer, if there is one. With `wake` its task is woken, to poll
    /// the sleep again.
    #[inline]
    fn release(&mut self, wake: bool) {
        let State::Armed { home, timer } = self.state else {
            return;
        };
        self.state = State::Done;
        // Found also between two runs of a runner.
        match Runtime::find(home) {
            Some(home) => release_timer(&home, timer, wake),
            None => release_remotely(home, timer, wake),
        }
    }
}

#[inline]
fn release_timer(home: &Runtime, timer: TimerKey, wake: bool) {
    let cancelled = home.timers.borrow_mut().cancel(timer);
    let Some(waiter) = cancelled else { return };
    home.hooks.emit(TIMER, move |hook| hook.timer_cancel(timer));
    // May be a foreign waker: woken or dropped with nothing borrowed.
    match wake {
        true => home.wake_waiter(waiter),
        false => drop(waiter),
    }
}

/// Asks a loop of another thread, or one around the loop that runs here, to free
/// a timer. If the loop has ended, the timer is gone with it.
#[cold]
fn release_remotely(home: u64, timer: TimerKey, wake: bool) {
    let inbox = RemoteLoop::find(home).and_then(|home| home.inbox.upgrade());
    let Some(inbox) = inbox else { return };
    let release = move || {
        if let Some(home) = Runtime::current() {
            release_timer(&home, timer, wake);
        }
    };
    // No panic if the loop cannot be unparked: this may be a destructor.
    let sent = caught(|| inbox.send(Message::Run(Box::new(release))).is_ok());
    if let Err(text) = sent {
        report(format_args!("a timer of another thread's loop: {text}"));
    }
}

/// Returns the time of the loop with the id `home`, if it can be read where the
/// loop `here` runs.
fn now_of(home: u64, here: Option<&Runtime>) -> Option<Instant> {
    match here {
        Some(here) if here.id() == home => Some(here.clock.instant_at(here.clock.now())),
        Some(here) if here.clock.is_virtual() => None,
        _ => RemoteLoop::find(home)
            .filter(|home| !home.is_virtual)
            .map(|_| Instant::now()),
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
        self.poll_deadline(Runtime::current().as_ref(), cx, false)
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
            State::For(duration) | State::Moved { duration, .. } => {
                return write!(f, "Sleep(for {duration:?})");
            }
            State::Until(_) => "until a moment",
            State::Armed { home, timer } => match Runtime::find(home) {
                Some(home) if home.timers.borrow().is_armed(timer) => "armed",
                Some(_) => "over",
                None => "of a loop that is not on this thread",
            },
            State::Done => "over",
        };
        write!(f, "Sleep({state})")
    }
}
