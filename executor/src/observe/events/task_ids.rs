//! The ids of the tasks of one loop, by key.
//!
//! **Invariant:** the id of a task is known while it is alive and until
//! [`ENDED`] others have ended after it, so that a late wake can be reported, and
//! the memory does not grow with the number of tasks that a loop has had.
//!
//! Called by `events` and `remote`.

use std::collections::{BTreeMap, VecDeque};

use crate::base::slab::TaskKey;
use crate::observe::instrument::TaskId;

/// How many ended tasks are remembered. A wake after the end comes soon, from a
/// timer or thread that the task did not wait for, or hardly ever.
const ENDED: usize = 256;

#[derive(Default)]
pub(super) struct TaskIds {
    /// By index of a task's key: the key's generation, and the task's id.
    by_index: BTreeMap<usize, (u32, TaskId)>,
    /// The last tasks that ended, in order.
    ended: VecDeque<TaskKey>,
}

impl TaskIds {
    pub(super) fn insert(&mut self, key: TaskKey, id: TaskId) {
        let entry = (key.generation().get(), id);
        self.by_index.insert(key.index(), entry);
    }

    /// Returns the id of a task, or [`TaskId::NONE`] if it is not known.
    pub(super) fn get(&self, key: TaskKey) -> TaskId {
        match self.by_index.get(&key.index()) {
            Some((generation, id)) if *generation == key.generation().get() => *id,
            _ => TaskId::NONE,
        }
    }

    /// Records that a task has ended, and forgets the one that ended first.
    pub(super) fn end(&mut self, key: TaskKey) {
        self.ended.push_back(key);
        if self.ended.len() > ENDED {
            if let Some(first) = self.ended.pop_front() {
                self.forget(first);
            }
        }
    }

    /// Removes the id of a task, unless the slot of its key is used again.
    fn forget(&mut self, key: TaskKey) {
        if self.get(key) != TaskId::NONE {
            self.by_index.remove(&key.index());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::slab::{Slab, kind};

    #[test]
    fn ended_tasks_are_forgotten_and_live_ones_are_not() {
        let (mut ids, mut slab) = (TaskIds::default(), Slab::<{ kind::TASK }, ()>::default());
        let keys: Vec<_> = (1..=10_000)
            .map(|n| (slab.insert(()), TaskId::new(n)))
            .collect();
        keys.iter().for_each(|(key, id)| ids.insert(*key, *id));
        assert_eq!(ids.by_index.len(), 10_000);
        for (key, _) in &keys[1..] {
            ids.end(*key);
        }
        assert_eq!(ids.by_index.len(), 1 + ENDED);
        assert_eq!(ids.ended.len(), ENDED);
        assert_eq!(ids.get(keys[0].0), keys[0].1, "it is alive");
        assert_eq!(ids.get(keys[1].0), TaskId::NONE);
        assert_eq!(ids.get(keys[9_999].0), keys[9_999].1, "it ended last");
    }

    #[test]
    fn a_slot_that_is_used_again_keeps_the_id_of_its_new_task() {
        let (mut ids, mut slab) = (TaskIds::default(), Slab::<{ kind::TASK }, ()>::default());
        let mut live = None;
        for n in 1..=10_000 {
            let key = slab.insert(());
            ids.insert(key, TaskId::new(n));
            assert_eq!(ids.get(key), TaskId::new(n));
            if n == 10_000 {
                live = Some(key);
                break;
            }
            ids.end(key);
            slab.remove(key);
        }
        assert_eq!(ids.by_index.len(), 1);
        assert_eq!(ids.get(live.unwrap()), TaskId::new(10_000));
    }
}
