//! A thread job of a replayed loop.
//!
//! **Invariant:** a job is in the table from its submission until the loop has
//! received its result or it was cancelled.
//!
//! Changed by `State` only.

use crate::task_id::TaskId;

/// How far a call on a thread pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobStage {
    /// No thread has begun it.
    Queued,
    /// A thread runs it.
    Running,
    /// It has ended on its thread; the loop has not received the result yet.
    Ended,
}

/// A call on a thread pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Job {
    /// Its number.
    pub job: u64,
    /// The task that submitted it.
    pub task: TaskId,
    /// How far it is.
    pub stage: JobStage,
    /// The thread that runs it.
    pub worker: Option<u32>,
}

impl Job {
    pub(super) fn new(job: u64, task: TaskId) -> Self {
        Job {
            job,
            task,
            stage: JobStage::Queued,
            worker: None,
        }
    }
}
