//! What time the loop thinks it is.
//!
//! The only file that asks the operating system for the time on the loop's
//! behalf. **Invariant:** loop time never goes backwards, and a virtual clock
//! moves only when [`Clock::jump_to`] is called.
//!
//! Used by `runtime` (which owns one) and `probe` (which stamps events with
//! it). Imports nothing.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Nanoseconds since the loop's clock began: 584 years fit.
pub(crate) type Nanos = u64;

/// The loop's clock: real, or virtual and standing still between jumps.
pub(crate) struct Clock {
    /// Loop time zero. Read from the system only when the time is first asked
    /// for: a run that never looks at the clock does not pay for it (46 ns).
    origin: Cell<Option<Instant>>,
    /// The virtual time, if this clock is virtual.
    virtual_now: Cell<Option<Nanos>>,
}

impl Clock {
    pub(crate) fn new(is_virtual: bool) -> Self {
        Clock {
            origin: Cell::new(None),
            virtual_now: Cell::new(is_virtual.then_some(0)),
        }
    }

    /// Begins again at zero.
    pub(crate) fn reset(&self) {
        self.origin.set(None);
    }

    pub(crate) fn is_virtual(&self) -> bool {
        self.virtual_now.get().is_some()
    }

    /// Loop time.
    pub(crate) fn now(&self) -> Nanos {
        self.virtual_now
            .get()
            .unwrap_or_else(|| self.nanos_at(Instant::now()))
    }

    /// Moves virtual time forward; does nothing to a real clock.
    pub(crate) fn jump_to(&self, deadline: Nanos) {
        let jump = |now: Nanos| now.max(deadline);
        self.virtual_now.set(self.virtual_now.get().map(jump));
    }

    /// The `Instant` that stands for a loop time.
    pub(crate) fn instant_at(&self, time: Nanos) -> Instant {
        self.origin() + Duration::from_nanos(time)
    }

    /// The loop time that an `Instant` stands for; what lies before the origin
    /// is zero, what lies too far in the future is the last nanosecond.
    pub(crate) fn nanos_at(&self, instant: Instant) -> Nanos {
        saturating_nanos(instant.saturating_duration_since(self.origin()))
    }

    fn origin(&self) -> Instant {
        self.origin.get().unwrap_or_else(|| {
            let origin = Instant::now();
            self.origin.set(Some(origin));
            origin
        })
    }
}

/// A duration in nanoseconds; 584 years and more are all the same to a loop.
pub(crate) fn saturating_nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}
