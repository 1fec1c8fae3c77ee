//! The rules that every loop must keep.
//!
//! **Invariant:** each rule has the name that `docs/player/SCHEMA.md` gives it.
//!
//! Checked by `check`; the loop player checks the same rules.

use std::fmt;

/// A rule that every loop must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// One task is polled at a time.
    OneAtATime,
    /// Tasks are polled in the order of the ready queue.
    QueueOrder,
    /// A task is in the ready queue at most once.
    NoDuplicate,
    /// A task that has ended, or was never spawned, is neither queued nor
    /// polled.
    NoPollAfterDone,
    /// The loop does not park while a task is ready.
    NoParkWithWork,
    /// No timer fires before its deadline.
    NoEarlyTimer,
    /// Timers fire in the order of their deadlines; timers with equal deadlines
    /// fire in the order in which they were armed.
    TimerOrder,
    /// Loop time does not decrease.
    TimeGoesOn,
    /// Every task that waits can be woken. A task that cannot is a fault of the
    /// program, not of the loop: a future returned `Pending` and kept no waker.
    LiveWaker,
    /// A closed loop has no tasks, timers, sources or jobs left.
    BalancedEnd,
}

impl Rule {
    /// Returns the name of the rule in `docs/player/SCHEMA.md`.
    pub fn name(self) -> &'static str {
        match self {
            Rule::OneAtATime => "one-at-a-time",
            Rule::QueueOrder => "queue-order",
            Rule::NoDuplicate => "no-duplicate",
            Rule::NoPollAfterDone => "no-poll-after-done",
            Rule::NoParkWithWork => "no-park-with-work",
            Rule::NoEarlyTimer => "no-early-timer",
            Rule::TimerOrder => "timer-order",
            Rule::TimeGoesOn => "time-goes-on",
            Rule::LiveWaker => "live-waker",
            Rule::BalancedEnd => "balanced-end",
        }
    }
}

/// A rule that an event of a trace broke.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broken {
    /// The rule.
    pub rule: Rule,
    /// The index of the event.
    pub event: usize,
    /// What is wrong, in one sentence.
    pub what: String,
}

impl Broken {
    pub(super) fn new(rule: Rule, event: usize, what: String) -> Self {
        Broken { rule, event, what }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Broken { rule, event, what } = self;
        write!(f, "event {event}: {}: {what}", rule.name())
    }
}
