//! The ids of the tasks of one loop, by key.
//!
//! **Invariant:** the id of an ended task is known until the slot of its key is
//! used again, so that a late wake can be reported.
//!
//! Called by `events` and `remote`.

use std::collections::BTreeMap;

use crate::base::slab::TaskKey;
use crate::observe::instrument::TaskId;

/// By index of a task's key: the key's generation, and the task's id.
#[derive(Default)]
pub(super) struct TaskIds(BTreeMap<usize, (u32, TaskId)>);

impl TaskIds {
    pub(super) fn insert(&mut self, key: TaskKey, id: TaskId) {
        self.0.insert(key.index(), (key.generation().get(), id));
    }

    /// Returns the id of a task, or [`TaskId::NONE`] if it is not known.
    pub(super) fn get(&self, key: TaskKey) -> TaskId {
        match self.0.get(&key.index()) {
            Some((generation, id)) if *generation == key.generation().get() => *id,
            _ => TaskId::NONE,
        }
    }
}
