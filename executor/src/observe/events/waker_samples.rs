//! Samples of the number of clones of each task's waker.
//!
//! Safe Rust cannot observe the clone of a waker, so the counts are sampled:
//! after a poll for the polled task and for the tasks it woke, before a park
//! for all tasks whose waker had clones. A task without clones gains one only
//! in its own poll, so a park need not sample it. **Invariant:** a sample is
//! returned only if it differs from the last one of its task.
//!
//! Called by `events`.

use std::collections::BTreeMap;

use crate::base::slab::TaskKey;
use crate::event_loop::runtime::Runtime;
use crate::observe::instrument::TaskId;

/// The state of a task's waker, which differs from the last sample.
pub(super) struct Sample {
    pub(super) task: TaskId,
    /// The number of clones.
    pub(super) n: usize,
    /// Whether a part of the runtime has the task registered as a waiter.
    pub(super) noted: bool,
}

/// The last samples, and the tasks to sample next.
#[derive(Default)]
pub(super) struct WakerSamples {
    /// The clones and `noted` of each task.
    last: BTreeMap<TaskId, (usize, bool)>,
    /// Tasks whose waker had clones at the last sample, by index of their key.
    cloned: BTreeMap<usize, TaskKey>,
    /// Tasks woken since the last samples.
    woken: Vec<TaskKey>,
}

impl WakerSamples {
    /// Adds a task to those that [`take_woken`](Self::take_woken) returns.
    pub(super) fn note_wake(&mut self, task: TaskKey) {
        self.woken.push(task);
    }

    /// Takes the tasks woken since the last call.
    pub(super) fn take_woken(&mut self) -> Vec<TaskKey> {
        std::mem::take(&mut self.woken)
    }

    /// Takes the tasks whose waker had clones, to be sampled again.
    pub(super) fn take_cloned(&mut self) -> Vec<TaskKey> {
        std::mem::take(&mut self.cloned).into_values().collect()
    }

    /// Removes a task that has ended.
    pub(super) fn forget(&mut self, task: TaskId) {
        self.last.remove(&task);
    }

    /// Counts the clones of a task's waker, and returns the sample if it differs
    /// from the last one. `polled`, after the task's own poll: whether the task is
    /// registered as a waiter, and the count.
    pub(super) fn sample(
        &mut self,
        runtime: &Runtime,
        key: TaskKey,
        polled: Option<(bool, usize)>,
    ) -> Option<Sample> {
        let (task, n) = {
            let tasks = runtime.tasks.borrow();
            let task = tasks.get(key).filter(|task| !task.is_finished())?;
            let count = || task.waker.as_ref().map_or(0, |waker| waker.clones());
            let n = polled.map_or_else(count, |(_, clones)| clones);
            (TaskId::from(task.identity.id), n)
        };
        match n {
            0 => self.cloned.remove(&key.index()),
            _ => self.cloned.insert(key.index(), key),
        };
        let last = self.last.entry(task).or_insert((0, false));
        let noted = polled.map_or(last.1, |(noted, _)| noted);
        let is_new = std::mem::replace(last, (n, noted)) != (n, noted);
        is_new.then_some(Sample { task, n, noted })
    }
}
