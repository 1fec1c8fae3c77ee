//! Targets of a wait.
//!
//! **Invariant:** two waits for the same thing are equal, so that a target can
//! be the key of a map.
//!
//! A field of `Event::Await` and `Event::AwaitEnd`.

use super::word::Direction;
use crate::task_id::TaskId;

/// What a task waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitTarget {
    /// A timer.
    Timer(u64),
    /// The end of a task.
    Task(TaskId),
    /// A socket, in one direction.
    Source(u64, Direction),
    /// A thread job.
    Job(u64),
    /// Anything else, in words.
    Other(String),
}
