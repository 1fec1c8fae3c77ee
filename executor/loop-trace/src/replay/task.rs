//! A task of a replayed loop.
//!
//! **Invariant:** a task that has ended is not queued, has no waits and no
//! waker.
//!
//! Changed by `State` only.

use crate::event::{Ending, WaitTarget};
use crate::task_id::TaskId;

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskStage {
    /// It is neither queued nor polled.
    Waiting,
    /// It is in the ready queue, or on its scope's list of woken children.
    Ready,
    /// It is being polled.
    Polling,
    /// It has ended.
    Ended(Ending),
}

/// A task, as far as the events describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// Its name.
    pub name: String,
    /// The task that spawned it.
    pub parent: Option<TaskId>,
    /// What it is doing.
    pub stage: TaskStage,
    /// How often it was polled.
    pub polls: u64,
    /// What it waits for.
    pub waits: Vec<WaitTarget>,
    /// How many clones of its waker were alive at the last sample.
    pub wakers: usize,
    /// Whether a part of the runtime held its key at the last sample.
    pub noted: bool,
    /// Whether its cancellation was requested.
    pub cancel: bool,
    /// Whether it is in the ready queue.
    pub(super) queued: bool,
    /// Whether it is on its scope's list of woken children.
    pub(super) woken_in_scope: bool,
}

impl Task {
    pub(super) fn new(id: TaskId, name: &str, parent: Option<TaskId>) -> Self {
        Task {
            id,
            name: name.to_owned(),
            parent,
            stage: TaskStage::Waiting,
            polls: 0,
            waits: Vec::new(),
            wakers: 0,
            noted: false,
            cancel: false,
            queued: false,
            woken_in_scope: false,
        }
    }

    /// Returns whether the task has ended.
    pub fn has_ended(&self) -> bool {
        matches!(self.stage, TaskStage::Ended(_))
    }

    /// Returns whether the task waits and nothing can wake it.
    pub(super) fn is_lost(&self) -> bool {
        let unwakeable = self.wakers == 0 && !self.noted && self.waits.is_empty();
        self.stage == TaskStage::Waiting && self.polls > 0 && unwakeable
    }

    pub(super) fn end(&mut self, how: Ending) {
        self.stage = TaskStage::Ended(how);
        self.waits.clear();
        self.wakers = 0;
        self.noted = false;
        self.queued = false;
        self.woken_in_scope = false;
    }
}
