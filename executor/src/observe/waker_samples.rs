//! Samples of how many clones of each task's waker exist.
//!
//! Safe Rust has no hook on the clone of a waker, so the counts are sampled:
//! after a poll for the polled task and for those it woke, before a park for
//! all that had clones. **Invariant:** a sample is reported only if it differs
//! from the last one of its task; and a task outside of `cloned` can gain a
//! clone only in its own poll, so a park need not look at it.
//!
//! Used by `events`.

use std::collections::BTreeMap;

use super::instrument::TaskId;
use crate::base::slab::TaskKey;
use crate::event_loop::runtime::Runtime;

/// A count that differs from the last one.
pub(super) struct Sample {
    pub(super) task: TaskId,
    pub(super) n: usize,
    /// Whether a part of the runtime has the task registered as a waiter.
    pub(super) noted: bool,
}

#[derive(Default)]
pub(super) struct WakerSamples {
    last: BTreeMap<TaskId, (usize, bool)>,
    /// Tasks whose waker had clones at the last sample, by index of their key.
    cloned: BTreeMap<usize, TaskKey>,
    /// Tasks woken since the last samples.
    woken: Vec<TaskKey>,
}

impl WakerSamples {
    pub(super) fn note_wake(&mut self, task: TaskKey) {
        self.woken.push(task);
    }

    /// Returns the tasks woken since the last call.
    pub(super) fn take_woken(&mut self) -> Vec<TaskKey> {
        std::mem::take(&mut self.woken)
    }

    /// Returns the tasks whose waker had clones, to be sampled again.
    pub(super) fn take_cloned(&mut self) -> Vec<TaskKey> {
        std::mem::take(&mut self.cloned).into_values().collect()
    }

    pub(super) fn forget(&mut self, task: TaskId) {
        self.last.remove(&task);
    }

    /// Counts the clones of a task's waker. `polled`: whether the task is
    /// registered as a waiter, and the count, after its own poll.
    pub(super) fn sample(
        &mut self,
        runtime: &Runtime,
        key: TaskKey,
        polled: Option<(bool, usize)>,
    ) -> Option<Sample> {
        let (task, n) = {
            let tasks = runtime.tasks.borrow();
            let task = tasks.get(key).filter(|task| !task.is_finished())?;
            let counted = || task.waker.as_ref().map_or(0, |waker| waker.clones());
            let n = polled.map_or_else(counted, |(_, clones)| clones);
            (TaskId::from(task.identity.id), n)
        };
        match n {
            0 => self.cloned.remove(&key.index()),
            _ => self.cloned.insert(key.index(), key),
        };
        let last = self.last.entry(task).or_insert((0, false));
        let noted = polled.map_or(last.1, |(noted, _)| noted);
        let is_news = std::mem::replace(last, (n, noted)) != (n, noted);
        is_news.then_some(Sample { task, n, noted })
    }
}
