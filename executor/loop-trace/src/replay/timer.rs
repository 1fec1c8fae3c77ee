//! The armed timers of a replayed loop.
//!
//! **Invariant:** both maps of the table hold the same timers. The order is by
//! deadline, then by the time of arming.
//!
//! Changed by `State` only.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::task_id::TaskId;

/// A timer that is armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timer {
    /// Its number.
    pub timer: u64,
    /// The task that it will wake.
    pub task: TaskId,
    /// The loop time at which it is due; `Duration::MAX` is never.
    pub deadline: Duration,
}

/// Armed timers, in firing order and by number.
#[derive(Clone, Debug, Default)]
pub(super) struct TimerTable {
    in_order: BTreeMap<(Duration, u64), Timer>,
    keys: HashMap<u64, (Duration, u64)>,
    /// Counts additions: of equal deadlines, the one added first is first.
    added: u64,
}

impl TimerTable {
    pub(super) fn add(&mut self, timer: u64, task: TaskId, deadline: Duration) {
        self.remove(timer);
        self.added += 1;
        let key = (deadline, self.added);
        self.keys.insert(timer, key);
        let timer = Timer {
            timer,
            task,
            deadline,
        };
        self.in_order.insert(key, timer);
    }

    pub(super) fn reschedule(&mut self, timer: u64, deadline: Duration) {
        if let Some(old) = self.remove(timer) {
            self.add(timer, old.task, deadline);
        }
    }

    pub(super) fn remove(&mut self, timer: u64) -> Option<Timer> {
        let key = self.keys.remove(&timer)?;
        self.in_order.remove(&key)
    }

    pub(super) fn get(&self, timer: u64) -> Option<Timer> {
        self.in_order.get(self.keys.get(&timer)?).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Timer> {
        self.in_order.values().copied()
    }
}
