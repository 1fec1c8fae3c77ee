//! The things of a state: tasks, timers, sockets, jobs.
//!
//! **Invariant:** they are data and know nothing of each other; what an event
//! does to several of them is the fold's business.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use crate::info::TaskId;
use crate::instrument::{Ending, Letter, On};

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskStage {
    /// It is neither queued nor polled.
    Waiting,
    /// It is in the ready queue.
    Ready,
    /// It is being polled.
    Polling,
    /// It has ended.
    Over(Ending),
}

/// A task, as far as the events tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "described in SCHEMA.md, in these words")]
pub struct Task {
    pub id: TaskId,
    pub name: String,
    pub parent: Option<TaskId>,
    pub stage: TaskStage,
    pub polls: u64,
    pub waits: Vec<On>,
    pub wakers: usize,
    pub noted: bool,
    pub cancel: bool,
    pub(super) queued: bool,
    /// Is it a child of a scope, on the roll of that?
    pub(super) on_roll: bool,
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
            on_roll: false,
        }
    }

    /// Has it ended?
    pub fn is_over(&self) -> bool {
        matches!(self.stage, TaskStage::Over(_))
    }

    /// It waits, and nothing can wake it.
    pub(super) fn is_lost(&self) -> bool {
        let unknown = self.wakers == 0 && !self.noted && self.waits.is_empty();
        self.stage == TaskStage::Waiting && self.polls > 0 && unknown
    }

    pub(super) fn end(&mut self, how: Ending) {
        self.stage = TaskStage::Over(how);
        self.waits.clear();
        self.wakers = 0;
        self.noted = false;
        self.queued = false;
        self.on_roll = false;
    }
}

/// A timer that is armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timer {
    /// Its number.
    pub timer: u64,
    /// Whom it will wake.
    pub task: TaskId,
    /// When; `Duration::MAX` is never.
    pub deadline: Duration,
}

/// Timers by the time at which they fire, and by number.
#[derive(Clone, Debug, Default)]
pub(super) struct TimerTable {
    by_time: BTreeMap<(Duration, u64), Timer>,
    places: HashMap<u64, (Duration, u64)>,
    /// Counts additions: among equal deadlines the first added is first.
    added: u64,
}

impl TimerTable {
    pub(super) fn add(&mut self, timer: u64, task: TaskId, deadline: Duration) {
        self.remove(timer);
        self.added += 1;
        let place = (deadline, self.added);
        self.places.insert(timer, place);
        let timer = Timer {
            timer,
            task,
            deadline,
        };
        self.by_time.insert(place, timer);
    }

    pub(super) fn reschedule(&mut self, timer: u64, deadline: Duration) {
        if let Some(old) = self.remove(timer) {
            self.add(timer, old.task, deadline);
        }
    }

    pub(super) fn remove(&mut self, timer: u64) -> Option<Timer> {
        let place = self.places.remove(&timer)?;
        self.by_time.remove(&place)
    }

    pub(super) fn get(&self, timer: u64) -> Option<Timer> {
        self.by_time.get(self.places.get(&timer)?).copied()
    }

    pub(super) fn first(&self) -> Option<Timer> {
        self.by_time.values().next().copied()
    }

    pub(super) fn in_order(&self) -> impl Iterator<Item = Timer> {
        self.by_time.values().copied()
    }
}

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// Its number.
    pub source: u64,
    /// `TcpStream`, …
    pub kind: String,
    /// The other side, if there is one.
    pub addr: Option<String>,
    /// Who waits for something to read.
    pub reader: Option<TaskId>,
    /// Who waits for room to write.
    pub writer: Option<TaskId>,
}

impl Source {
    pub(super) fn new(source: u64, kind: &str, addr: Option<&str>) -> Self {
        Source {
            source,
            kind: kind.to_owned(),
            addr: addr.map(str::to_owned),
            reader: None,
            writer: None,
        }
    }
}

pub(super) type SourceTable = BTreeMap<u64, Source>;

/// How far a call on a thread pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobStage {
    /// No thread has begun it.
    Queued,
    /// A thread runs it.
    Running,
    /// It has ended, and the loop has not heard of it yet.
    Ended,
}

/// A call on a thread pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Job {
    /// Its number.
    pub job: u64,
    /// Who asked for it.
    pub task: TaskId,
    /// How far it is.
    pub stage: JobStage,
    /// The thread that has it.
    pub worker: Option<u32>,
}

impl Job {
    pub(super) fn new(job: u64, task: TaskId) -> Self {
        Job {
            job,
            task,
            stage: JobStage::Queued,
            worker: None,
        }
    }
}

pub(super) type JobTable = BTreeMap<u64, Job>;

/// The mail slot.
pub(super) type Letters = VecDeque<(Option<TaskId>, Letter)>;
