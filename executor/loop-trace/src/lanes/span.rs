//! A span of a lane: one activity between two moments.
//!
//! **Invariant:** `from` is not after `to`; they are equal while the span is
//! open.
//!
//! Made by `lanes`; drawn by `timeline`, `svg` and `perfetto`.

use std::time::Duration;

/// The index of an event, and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) event: usize,
    pub(crate) at: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    /// The task is in the ready queue.
    Ready,
    /// The task is being polled.
    Polled,
    /// The task waits.
    Waits,
    /// The loop is parked.
    Parked,
    /// A thread runs a job.
    Job,
}

#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) activity: Activity,
    pub(crate) from: Moment,
    pub(crate) to: Moment,
    /// The target of the wait, or the job.
    pub(crate) label: String,
    /// Whether this is the wait for a timer that was dropped before it was due,
    /// as the timer of a time limit is.
    pub(crate) given_up: bool,
}

impl Span {
    pub(crate) fn duration(&self) -> Duration {
        self.to.at.saturating_sub(self.from.at)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.from == self.to
    }
}
