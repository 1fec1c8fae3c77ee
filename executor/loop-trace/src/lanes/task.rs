//! The lanes of one task: its own, and those of its waits.
//!
//! **Invariant:** an open wait has a lane to itself, and finding that lane takes
//! as long with a hundred thousand open waits as with one.
//!
//! Filled by `lanes`; drawn by `timeline`, `svg` and `perfetto`.

use std::collections::{BTreeSet, HashMap};

use super::lane::Lane;
use super::span::{Activity, Moment};
use crate::event::{Cause, Ending, WaitTarget, WakeOutcome};
use crate::task_id::TaskId;

/// A task, its own lane and the lanes of its waits.
#[derive(Clone, Debug)]
pub(crate) struct TaskLane {
    pub(crate) id: TaskId,
    pub(crate) own: Lane,
    pub(crate) waits: Vec<Lane>,
    pub(crate) wakes: Vec<WakeMark>,
    pub(crate) ended: Option<Ending>,
    /// The future of a combinator that the task polls, by index.
    pub(super) child: Option<usize>,
    /// Whether the task was woken during its current poll.
    pub(super) ready_again: bool,
    /// The lane of each open wait.
    open: HashMap<WaitTarget, usize>,
    /// The lanes without an open wait, by label.
    free: HashMap<String, BTreeSet<usize>>,
}

/// A wake, drawn as an arrow to its task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WakeMark {
    pub(crate) at: Moment,
    pub(crate) by: Cause,
    pub(crate) outcome: WakeOutcome,
}

impl TaskLane {
    pub(super) fn new(id: TaskId, name: &str) -> Self {
        TaskLane {
            id,
            own: Lane::new(name),
            waits: Vec::new(),
            wakes: Vec::new(),
            ended: None,
            child: None,
            ready_again: false,
            open: HashMap::new(),
            free: HashMap::new(),
        }
    }

    pub(super) fn is_polled(&self) -> bool {
        let last = self.own.spans.last();
        last.is_some_and(|span| span.activity == Activity::Polled && span.is_open())
    }

    /// Opens a wait in the lane of the polled child, or in the first free lane.
    /// Returns `false` if that wait is open already.
    pub(super) fn wait(&mut self, on: &WaitTarget, now: Moment, label: String) -> bool {
        if self.open.contains_key(on) {
            return false;
        }
        let name = self.child.map(|child| format!("[{child}]"));
        let name = name.unwrap_or_default();
        let free = self.free.get_mut(&name).and_then(BTreeSet::pop_first);
        let lane = free.unwrap_or_else(|| {
            self.waits.push(Lane::new(name));
            self.waits.len() - 1
        });
        self.waits[lane].open(Activity::Waits, now, label);
        self.open.insert(on.clone(), lane);
        true
    }

    /// Closes a wait.
    pub(super) fn close(&mut self, on: &WaitTarget, now: Moment) {
        if let Some(lane) = self.open.remove(on) {
            self.close_lane(lane, now);
        }
    }

    /// Closes a wait whose target was dropped before it completed.
    pub(super) fn give_up(&mut self, on: &WaitTarget, now: Moment) {
        if let Some(lane) = self.open.remove(on) {
            if let Some(last) = self.waits[lane].spans.last_mut() {
                last.given_up = true;
            }
            self.close_lane(lane, now);
        }
    }

    /// Closes all waits.
    pub(super) fn close_all(&mut self, now: Moment) {
        for lane in std::mem::take(&mut self.open).into_values() {
            self.close_lane(lane, now);
        }
    }

    fn close_lane(&mut self, lane: usize, now: Moment) {
        let waits = &mut self.waits[lane];
        waits.close(now);
        self.free
            .entry(waits.label.clone())
            .or_default()
            .insert(lane);
    }
}
