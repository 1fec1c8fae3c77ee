//! Loop time: the real clock, or a virtual one.
//!
//! **Invariant:** loop time never goes backwards, and a virtual clock moves
//! only when [`Clock::jump_to`] is called.
//!
//! Owned by the runtime. Imports nothing.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Nanoseconds since the loop's clock began; 584 years fit.
pub(crate) type Nanos = u64;

/// The loop's clock: real by default, or virtual and still between jumps.
#[derive(Default)]
pub(crate) struct Clock {
    /// Loop time zero. Read from the system when the time is first asked for,
    /// so a run that never needs the time does not pay for it (46 ns).
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

    /// Starts again at zero.
    pub(crate) fn reset(&self) {
        self.origin.set(None);
    }

    pub(crate) fn is_virtual(&self) -> bool {
        self.virtual_now.get().is_some()
    }

    /// Returns the loop time.
    pub(crate) fn now(&self) -> Nanos {
        self.virtual_now
            .get()
            .unwrap_or_else(|| self.nanos_at(Instant::now()))
    }

    /// Moves a virtual clock forward; has no effect on a real one.
    pub(crate) fn jump_to(&self, deadline: Nanos) {
        let jump = |now: Nanos| now.max(deadline);
        self.virtual_now.set(self.virtual_now.get().map(jump));
    }

    /// Converts a loop time to an `Instant`.
    pub(crate) fn instant_at(&self, time: Nanos) -> Instant {
        self.origin() + Duration::from_nanos(time)
    }

    /// Converts an `Instant` to a loop time: zero for anything before the
    /// origin, `Nanos::MAX` for anything too far in the future.
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

/// Converts a duration to nanoseconds, saturating at 584 years.
pub(crate) fn saturating_nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}
