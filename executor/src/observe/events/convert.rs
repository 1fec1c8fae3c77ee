//! Conversions from the core's types to those of events.
//!
//! **Invariant:** each conversion is total: every value of the core has a value
//! in the format `loop-trace/1`.
//!
//! Called by `events`; the comparisons of task ids are for users.

use std::time::Duration;

use crate::base::clock::Nanos;
use crate::base::hooks;
use crate::base::task_info;
use crate::base::timers::NEVER;
use crate::observe::instrument::{Direction, Ending, TaskId};

/// Returns a deadline as loop time; `Duration::MAX` if it never comes.
pub(super) fn deadline(nanos: Nanos) -> Duration {
    match nanos {
        NEVER => Duration::MAX,
        nanos => Duration::from_nanos(nanos),
    }
}

impl From<hooks::Ending> for Ending {
    fn from(how: hooks::Ending) -> Self {
        match how {
            hooks::Ending::Returned => Ending::Returned,
            hooks::Ending::Cancelled => Ending::Cancelled,
            hooks::Ending::Panicked => Ending::Panicked,
        }
    }
}

impl From<hooks::Direction> for Direction {
    fn from(way: hooks::Direction) -> Self {
        match way {
            hooks::Direction::Read => Direction::Read,
            hooks::Direction::Write => Direction::Write,
        }
    }
}

/// Events name tasks by number, so that a trace needs no runtime.
impl From<task_info::TaskId> for TaskId {
    fn from(id: task_info::TaskId) -> Self {
        TaskId::new(id.0.get())
    }
}

impl PartialEq<task_info::TaskId> for TaskId {
    fn eq(&self, other: &task_info::TaskId) -> bool {
        *self == TaskId::from(*other)
    }
}

impl PartialEq<TaskId> for task_info::TaskId {
    fn eq(&self, other: &TaskId) -> bool {
        *other == *self
    }
}
