//! Deadlines: a map of timers, and `sleep`.

use std::collections::BTreeMap;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::run::{Loop, current};

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
    pub fn pop_due(&mut self, now: Instant) -> Option<Waker> {
        let first = self.wakers.first_entry()?;
        let (deadline, _) = *first.key();
        (deadline <= now).then(|| first.remove())
    }
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
            let deadline = Instant::now() + self.duration.min(LONGEST);
            let key = here.timers.borrow_mut().add(deadline, waker);
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
