//! Interest of an instrument: a set of event kinds.
//!
//! **Invariant:** each kind is one bit of the core's interest mask.
//!
//! Returned by an [`Instrument`](super::instrument::Instrument).

use std::ops::BitOr;

use crate::base::hooks;

/// A set of event kinds; see
/// [`Instrument::interest`](super::instrument::Instrument::interest).
///
/// ```
/// use executor::instrument::Interest;
///
/// let polls_and_wakes = Interest::POLLS | Interest::WAKES;
/// assert!(polls_and_wakes.contains(Interest::POLLS));
/// assert!(!polls_and_wakes.contains(Interest::TIMERS));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest(pub(super) hooks::Interest);

impl Interest {
    /// No events.
    pub const NONE: Interest = Interest(0);
    /// All events.
    pub const ALL: Interest = Interest(hooks::Interest::MAX);
    /// The begin and end of runs and turns.
    pub const RUNS: Interest = Interest(hooks::RUN);
    /// Spawns, cancels and ends of tasks.
    pub const TASKS: Interest = Interest(hooks::TASK);
    /// Polls of tasks.
    pub const POLLS: Interest = Interest(hooks::POLL);
    /// Polls of futures inside a combinator.
    pub const CHILDREN: Interest = Interest(hooks::CHILD);
    /// Wakes, pushes to the ready queue, and samples of waker counts.
    pub const WAKES: Interest = Interest(hooks::WAKE);
    /// What tasks wait for.
    pub const WAITS: Interest = Interest(hooks::WAIT);
    /// Timers.
    pub const TIMERS: Interest = Interest(hooks::TIMER);
    /// Parks.
    pub const PARKS: Interest = Interest(hooks::PARK);
    /// Messages from other threads.
    pub const MESSAGES: Interest = Interest(hooks::INBOX);
    /// Sockets and pipes.
    pub const SOURCES: Interest = Interest(hooks::SOURCE);
    /// Calls on thread pools.
    pub const JOBS: Interest = Interest(hooks::JOB);
    /// Prints and marks.
    pub const PRINTS: Interest = Interest(hooks::PRINT);

    /// Returns whether the set contains all kinds of `other`.
    pub fn contains(self, other: Interest) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Interest {
    type Output = Interest;

    fn bitor(self, other: Interest) -> Interest {
        Interest(self.0 | other.0)
    }
}
