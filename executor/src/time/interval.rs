//! `interval`: ticks at a fixed period.
//!
//! **Invariant:** ticks are due at whole periods after the first, however late
//! each is received.
//!
//! Called by users.

use std::time::{Duration, Instant};

use super::now;
use super::sleep::sleep_until;
use crate::base::clock::saturating_nanos;
use crate::spawn::yield_now::spend_budget;

/// Ticks at a fixed period, counted from the first tick.
///
/// The first tick completes at once. Missed ticks are skipped: the period
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
/// If `period` is zero: it would tick forever without time passing.
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

/// A series of ticks, made by [`interval`].
#[derive(Debug)]
pub struct Interval {
    period: Duration,
    next: Next,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    First,
    At(Instant),
    /// Later than an `Instant` can represent.
    Never,
}

impl Next {
    fn after(moment: Instant, span: Duration) -> Self {
        moment.checked_add(span).map_or(Next::Never, Next::At)
    }
}

impl Interval {
    /// Waits for the next tick, and returns the moment for which it was due.
    ///
    /// *Cancel safety:* a tick that was not received stays due.
    pub async fn tick(&mut self) -> Instant {
        let due = match self.next {
            Next::At(due) => due,
            Next::Never => std::future::pending().await,
            Next::First => {
                spend_budget().await;
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

    /// Moves the next tick to one period from now.
    pub fn reset(&mut self) {
        self.next = Next::after(now(), self.period);
    }
}
