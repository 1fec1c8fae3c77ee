//! The waits of a replayed loop.
//!
//! **Invariant:** the task of every wait is among the waiters of its target, so
//! that a target that completes ends all waits for it.
//!
//! Called by the fold in `state`.

use super::State;
use crate::event::{Direction, WaitTarget};
use crate::task_id::TaskId;

impl State {
    pub(super) fn wait(&mut self, id: TaskId, on: &WaitTarget) {
        let mut is_new = false;
        self.update(id, |task| {
            is_new = !task.waits.contains(on);
            if is_new {
                task.waits.push(on.clone());
            }
        });
        if is_new {
            self.waiters.entry(on.clone()).or_default().push(id);
        }
    }

    pub(super) fn end_wait(&mut self, id: TaskId, on: &WaitTarget) {
        self.update(id, |task| task.waits.retain(|wait| wait != on));
        if let Some(waiters) = self.waiters.get_mut(on) {
            waiters.retain(|waiter| *waiter != id);
        }
    }

    /// Ends every wait for a target that completed or was dropped.
    pub(super) fn complete(&mut self, on: &WaitTarget) {
        for id in self.waiters.remove(on).unwrap_or_default() {
            self.update(id, |task| task.waits.retain(|wait| wait != on));
        }
    }

    /// Adds a task that a socket wakes in one direction; `None` ends the waits
    /// of all that it would wake.
    pub(super) fn source_wait(&mut self, number: u64, task: Option<TaskId>, direction: Direction) {
        let Some(source) = self.sources.get_mut(&number) else {
            return;
        };
        let waiters = source.waiters(direction);
        let Some(task) = task else {
            waiters.clear();
            return self.complete(&WaitTarget::Source(number, direction));
        };
        if !waiters.contains(&task) {
            waiters.push(task);
        }
    }
}
