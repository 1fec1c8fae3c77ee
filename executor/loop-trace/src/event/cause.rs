//! Causes of a wake.
//!
//! **Invariant:** a cause names at most one task, timer or job, by its number.
//!
//! A field of `Event::Wake`.

use crate::task_id::TaskId;

/// What woke a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A task that was being polled; it may be the woken task itself.
    Task(TaskId),
    /// A timer that was due.
    Timer(u64),
    /// A thread job that ended.
    Job(u64),
    /// A socket that may be ready.
    Io,
    /// A message from another thread, read from the inbox.
    Inbox,
    /// The loop itself, or code that runs outside every task.
    Loop,
}
