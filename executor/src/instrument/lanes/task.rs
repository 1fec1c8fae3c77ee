//! The lanes of one task: its own, and those of what it waits for.
//!
//! **Invariant:** a wait has a lane to itself while it is open, and finding one
//! takes as long with a hundred thousand open waits as with one.
//!
//! Filled by `lanes`.

use std::collections::{BTreeSet, HashMap};

use super::super::{Ending, On};
use super::{Doing, Lane, Moment, WakeMark, close};
use crate::info::TaskId;

/// A task, its own lane and those of what it waits for.
#[derive(Clone, Debug)]
pub(in super::super) struct TaskLane {
    pub(in super::super) id: TaskId,
    pub(in super::super) own: Lane,
    pub(in super::super) waits: Vec<Lane>,
    pub(in super::super) wakes: Vec<WakeMark>,
    pub(in super::super) ended: Option<Ending>,
    pub(super) child: Option<usize>,
    /// Was it woken during the poll that goes on?
    pub(super) ready_again: bool,
    /// Which wait stands in which lane.
    open: HashMap<On, usize>,
    /// The lanes in which none stands, by their labels.
    free: HashMap<String, BTreeSet<usize>>,
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
        last.is_some_and(|span| span.doing == Doing::Polled && span.from == span.to)
    }

    /// Finds the wait a lane: that of its child, or the first free one.
    /// `false` if it stands in one already.
    pub(super) fn wait(&mut self, on: &On, now: Moment, label: String) -> bool {
        if self.open.contains_key(on) {
            return false;
        }
        let name = self
            .child
            .map_or_else(String::new, |child| format!("[{child}]"));
        let free = self.free.get_mut(&name).and_then(BTreeSet::pop_first);
        let lane = free.unwrap_or_else(|| {
            self.waits.push(Lane::new(name));
            self.waits.len() - 1
        });
        self.waits[lane].begin(Doing::Waits, now, label);
        self.open.insert(on.clone(), lane);
        true
    }

    pub(super) fn close(&mut self, on: &On, now: Moment) {
        if let Some(lane) = self.open.remove(on) {
            self.close_lane(lane, now);
        }
    }

    /// As `close`, of something that did not come to its end.
    pub(super) fn give_up(&mut self, on: &On, now: Moment) {
        if let Some(lane) = self.open.remove(on) {
            if let Some(last) = self.waits[lane].spans.last_mut() {
                last.given_up = true;
            }
            self.close_lane(lane, now);
        }
    }

    pub(super) fn close_all(&mut self, now: Moment) {
        for lane in std::mem::take(&mut self.open).into_values() {
            self.close_lane(lane, now);
        }
    }

    fn close_lane(&mut self, lane: usize, now: Moment) {
        let waits = &mut self.waits[lane];
        close(waits, now);
        self.free
            .entry(waits.label.clone())
            .or_default()
            .insert(lane);
    }
}
