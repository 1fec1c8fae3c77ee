//! Deadlines: a clock, a map of timers, and `sleep`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::run::{Loop, current};
use super::trace;

/// The loop's time: the system's, or one that only jumps.
pub struct Clock {
    start: Instant,
    /// How far a virtual clock has jumped.
    jumped: Option<Cell<Duration>>,
}

impl Clock {
    pub fn new(is_virtual: bool) -> Self {
        Clock {
            start: Instant::now(),
            jumped: is_virtual.then(Cell::default),
        }
    }

    pub fn is_virtual(&self) -> bool {
        self.jumped.is_some()
    }

    pub fn now(&self) -> Instant {
        let now = match &self.jumped {
            Some(jumped) => self.start + jumped.get(),
            None => Instant::now(),
        };
        trace::at(self.nanos(now));
        now
    }

    /// Moves a virtual clock forward.
    pub fn jump_to(&self, deadline: Instant) {
        if let Some(jumped) = &self.jumped {
            jumped.set(deadline - self.start);
        }
    }

    /// A moment as the trace writes it.
    pub fn nanos(&self, moment: Instant) -> u128 {
        moment.duration_since(self.start).as_nanos()
    }
}

/// Names a timer: its deadline and, between equal ones, its number.
type TimerKey = (Instant, u64);

/// The timers of a loop, in the order in which they fire.
#[derive(Default)]
pub struct Timers {
    wakers: BTreeMap<TimerKey, Waker>,
    added: u64,
}

impl Timers {
    fn add(&mut self, deadline: Instant, waker: Waker) -> TimerKey {
        self.added += 1;
        let key = (deadline, self.added);
        self.wakers.insert(key, waker);
        key
    }

    pub fn next(&self) -> Option<Instant> {
        let (deadline, _) = self.wakers.first_key_value()?.0;
        Some(*deadline)
    }

    /// Takes the first timer whose deadline has passed.
    pub fn pop_due(&mut self, now: Instant) -> Option<(u64, Waker)> {
        let first = self.wakers.first_entry()?;
        let (deadline, number) = *first.key();
        (deadline <= now).then(|| (number, first.remove()))
    }
}

/// The loop's time.
pub fn now() -> Instant {
    current().clock.now()
}

/// Waits for a duration, which begins with the first poll.
pub fn sleep(duration: Duration) -> Sleep {
    Sleep {
        duration,
        timer: None,
    }
}

pub struct Sleep {
    duration: Duration,
    /// From the first poll on.
    timer: Option<(Rc<Loop>, TimerKey)>,
}

/// As good as never.
const LONGEST: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 100);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let Some((here, key)) = &self.timer else {
            let here = current();
            let deadline = here.clock.now() + self.duration.min(LONGEST);
            let key = here.timers.borrow_mut().add(deadline, waker);
            trace::timer_add(key.1, here.clock.nanos(deadline));
            self.timer = Some((here, key));
            return Poll::Pending;
        };
        let displaced = match here.timers.borrow_mut().wakers.get_mut(key) {
            Some(old) => mem::replace(old, waker),
            None => return Poll::Ready(()), // it has fired
        };
        drop(displaced); // with nothing borrowed
        Poll::Pending
    }
}

/// A sleep that is dropped takes its timer with it.
impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some((here, key)) = &self.timer {
            let waker = here.timers.borrow_mut().wakers.remove(key);
            if waker.is_some() {
                trace::emit("timer.cancel", format_args!(r#","timer":{}"#, key.1));
            }
            drop(waker); // with nothing borrowed
        }
    }
}
