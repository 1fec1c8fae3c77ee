//! Who waits for what.
//!
//! **Invariant:** a wait stands with its task and, the other way round, with
//! what is waited for; both or neither.

use super::{Job, State};
use crate::info::TaskId;
use crate::instrument::{On, Way};

impl State {
    pub(super) fn wait(&mut self, id: TaskId, on: &On) {
        let mut is_new = false;
        self.change(id, |task| {
            is_new = !task.waits.contains(on);
            if is_new {
                task.waits.push(on.clone());
            }
        });
        if is_new {
            self.waiters.entry(on.clone()).or_default().push(id);
        }
    }

    pub(super) fn end_wait(&mut self, id: TaskId, on: &On) {
        self.change(id, |task| task.waits.retain(|wait| wait != on));
        if let Some(waiters) = self.waiters.get_mut(on) {
            waiters.retain(|waiter| *waiter != id);
        }
    }

    /// What was waited for is there, or gone.
    pub(super) fn over(&mut self, on: &On) {
        for id in self.waiters.remove(on).unwrap_or_default() {
            self.change(id, |task| task.waits.retain(|wait| wait != on));
        }
    }

    pub(super) fn source_wait(&mut self, number: u64, task: Option<TaskId>, way: Way) {
        let Some(source) = self.sources.get_mut(&number) else {
            return;
        };
        let place = match way {
            Way::Read => &mut source.reader,
            Way::Write => &mut source.writer,
        };
        let before = std::mem::replace(place, task);
        if let Some(before) = before.filter(|before| Some(*before) != task) {
            self.end_wait(before, &On::Source(number, way));
        }
    }

    pub(super) fn change_job(&mut self, number: u64, how: impl FnOnce(&mut Job)) {
        if let Some(job) = self.jobs.get_mut(&number) {
            how(job);
        }
    }
}
