//! The state of a loop between two events.
//!
//! **Invariant:** the state is a pure fold over the events: the same events
//! give the same state. `docs/player/SCHEMA.md` describes the fold.
//!
//! Advanced by `states` and `judge`, an event at a time.

mod json;
mod waits;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use super::job::{Job, JobStage};
use super::source::Source;
use super::task::{Task, TaskStage};
use super::timer::{Timer, TimerTable};
use crate::event::{Direction, Ending, Event, MessageKind, WaitTarget};
use crate::task_id::TaskId;
use crate::trace::{Entry, Trace};

/// What the loop is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mode {
    /// No run is in progress.
    #[default]
    Idle,
    /// It goes through the ready queue, or looks for work.
    Turn,
    /// It polls a task.
    Poll,
    /// It is parked.
    Park,
    /// It drops the tasks that are left.
    Closing,
}

/// The state of a loop between two events.
///
/// ```
/// use loop_trace::replay::{Mode, State};
/// use loop_trace::{Entry, Event};
/// use std::time::Duration;
///
/// let mut state = State::new();
/// let event = Event::ParkStart { until: None };
/// state.apply(&Entry { at: Duration::ZERO, thread: None, site: None, event });
/// assert_eq!(state.mode(), Mode::Park);
/// ```
#[derive(Clone, Debug, Default)]
pub struct State {
    /// How many events were applied.
    applied: usize,
    at: Duration,
    kind: String,
    mode: Mode,
    turn: u64,
    polling: Option<TaskId>,
    /// Owners of scopes, in whose polls `polling` is polled; outermost first.
    suspended: Vec<TaskId>,
    queue: VecDeque<TaskId>,
    tasks: BTreeMap<TaskId, Task>,
    /// Tasks in order of spawning.
    order: Vec<TaskId>,
    /// The tasks that wait for each target.
    waiters: HashMap<WaitTarget, Vec<TaskId>>,
    /// Tasks that wait and cannot be woken.
    lost: BTreeSet<TaskId>,
    alive: usize,
    timers: TimerTable,
    /// While the loop is parked: its deadline, if it has one.
    parked: Option<Option<Duration>>,
    inbox: VecDeque<(Option<TaskId>, MessageKind)>,
    sources: BTreeMap<u64, Source>,
    jobs: BTreeMap<u64, Job>,
    printed: Vec<String>,
}

/// Returns the state after each event of a trace.
pub fn states(trace: &Trace) -> impl Iterator<Item = State> {
    let mut state = State::default();
    trace.events.iter().map(move |entry| {
        state.apply(entry);
        state.clone()
    })
}

impl State {
    /// Returns the state before the first event.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns what the loop is doing.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns the task that is being polled.
    pub fn polling(&self) -> Option<TaskId> {
        self.polling
    }

    /// Returns the ready queue, front first.
    pub fn queue(&self) -> impl Iterator<Item = TaskId> {
        self.queue.iter().copied()
    }

    /// Returns all tasks in order of spawning, ended tasks included.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.order.iter().filter_map(|task| self.tasks.get(task))
    }

    /// Returns one task.
    pub fn task(&self, task: TaskId) -> Option<&Task> {
        self.tasks.get(&task)
    }

    /// Returns the armed timers in the order in which they will fire.
    pub fn timers(&self) -> impl Iterator<Item = Timer> {
        self.timers.iter()
    }

    /// Returns the registered sockets in the order of their numbers.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.values()
    }

    /// Returns the thread jobs in the order of their numbers.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    /// Returns how many messages are in the inbox.
    pub fn messages(&self) -> usize {
        self.inbox.len()
    }

    /// Returns the lines that were printed so far.
    pub fn printed(&self) -> &[String] {
        &self.printed
    }

    /// Returns how many events were applied.
    pub(super) fn applied(&self) -> usize {
        self.applied
    }

    /// Returns the loop time of the last event.
    pub(super) fn time(&self) -> Duration {
        self.at
    }

    /// Returns how many tasks have not ended.
    pub(super) fn alive(&self) -> usize {
        self.alive
    }

    /// Returns the tasks that wait and cannot be woken.
    pub(super) fn lost(&self) -> impl Iterator<Item = TaskId> {
        self.lost.iter().copied()
    }

    /// Returns one timer, if it is armed.
    pub(super) fn timer(&self, timer: u64) -> Option<Timer> {
        self.timers.get(timer)
    }

    /// Applies the next event.
    pub fn apply(&mut self, entry: &Entry) {
        self.applied += 1;
        self.at = entry.at;
        entry.event.kind().clone_into(&mut self.kind);
        match &entry.event {
            Event::RunStart { .. } => self.mode = Mode::Turn,
            Event::RunEnd { .. } | Event::LoopClosed => {
                self.mode = Mode::Idle;
                self.parked = None;
            }
            Event::LoopClose => self.mode = Mode::Closing,
            Event::Turn { .. } => {
                self.mode = Mode::Turn;
                self.turn += 1;
            }
            Event::TurnOrder { order } => self.queue = order.iter().copied().collect(),
            Event::ParkStart { until } => {
                self.mode = Mode::Park;
                self.parked = Some(*until);
            }
            Event::ParkEnd { .. } => {
                self.mode = Mode::Turn;
                self.parked = None;
            }
            Event::MessageSent { task, kind } => self.inbox.push_back((*task, *kind)),
            Event::InboxDrained { messages } => {
                let n = (*messages).min(self.inbox.len());
                self.inbox.drain(..n);
            }
            Event::Print { text, .. } => self.printed.push(text.clone()),
            event => self.apply_to_task(event, entry.thread),
        }
    }

    fn apply_to_task(&mut self, event: &Event, thread: Option<u32>) {
        match event {
            Event::TaskSpawn {
                task, name, parent, ..
            } => self.spawn(*task, name, *parent),
            Event::ReadyPush { task } => {
                self.queue.push_back(*task);
                self.make_ready(*task, |task| task.queued = true);
            }
            Event::ScopePush { task } => {
                self.make_ready(*task, |task| task.woken_in_scope = true);
            }
            Event::PollStart { task } => self.start_poll(*task),
            Event::PollEnd { task, .. } => self.end_poll(*task),
            Event::WakerCount { task, n, noted } => self.update(*task, |task| {
                task.wakers = *n;
                task.noted = *noted;
            }),
            Event::Await { task, on } => self.wait(*task, on),
            Event::AwaitEnd { task, on } => self.end_wait(*task, on),
            Event::TaskCancel { task } => self.update(*task, |task| task.cancel = true),
            Event::TaskEnd { task, how, .. } => self.end_task(*task, *how),
            event => self.apply_to_resource(event, thread),
        }
    }

    /// Applies an event about a timer, a source or a job.
    fn apply_to_resource(&mut self, event: &Event, thread: Option<u32>) {
        match event {
            Event::TimerAdd {
                timer,
                task,
                deadline,
            } => self.timers.add(*timer, *task, *deadline),
            Event::TimerMove { timer, deadline } => self.timers.reschedule(*timer, *deadline),
            Event::TimerFire { timer } | Event::TimerCancel { timer } => {
                self.timers.remove(*timer);
                self.complete(&WaitTarget::Timer(*timer));
            }
            Event::SourceAdd { source, kind, addr } => {
                let new = Source::new(*source, kind, addr.as_deref());
                self.sources.insert(*source, new);
            }
            Event::SourceRemove { source } => {
                self.sources.remove(source);
                self.complete(&WaitTarget::Source(*source, Direction::Read));
                self.complete(&WaitTarget::Source(*source, Direction::Write));
            }
            Event::SourceWait {
                source,
                task,
                direction,
            } => self.source_wait(*source, *task, *direction),
            Event::SourceReady {
                source,
                readable,
                writable,
                closed,
            } => {
                if *readable || *closed {
                    self.source_wait(*source, None, Direction::Read);
                }
                if *writable || *closed {
                    self.source_wait(*source, None, Direction::Write);
                }
            }
            Event::JobSubmit { job, task, .. } => {
                self.jobs.insert(*job, Job::new(*job, *task));
            }
            Event::JobStart { job } => {
                if let Some(job) = self.jobs.get_mut(job) {
                    job.stage = JobStage::Running;
                    job.worker = thread;
                }
            }
            Event::JobFinish { job, .. } => {
                if let Some(job) = self.jobs.get_mut(job) {
                    job.stage = JobStage::Ended;
                }
            }
            Event::JobEnd { job } | Event::JobCancel { job } => {
                self.jobs.remove(job);
                self.complete(&WaitTarget::Job(*job));
            }
            _ => {}
        }
    }

    fn spawn(&mut self, id: TaskId, name: &str, parent: Option<TaskId>) {
        if self.tasks.insert(id, Task::new(id, name, parent)).is_none() {
            self.order.push(id);
            self.alive += 1;
        }
        self.update_lost(id);
    }

    /// Updates a task, if it exists.
    fn update(&mut self, id: TaskId, update: impl FnOnce(&mut Task)) {
        if let Some(task) = self.tasks.get_mut(&id) {
            update(task);
            self.update_lost(id);
        }
    }

    /// Adds a task to the lost ones, or removes it from them.
    fn update_lost(&mut self, id: TaskId) {
        if self.tasks.get(&id).is_some_and(Task::is_lost) {
            self.lost.insert(id);
        } else {
            self.lost.remove(&id);
        }
    }

    fn make_ready(&mut self, id: TaskId, update: impl FnOnce(&mut Task)) {
        let is_polled = self.polling == Some(id);
        self.update(id, |task| {
            update(task);
            if !is_polled && !task.has_ended() {
                task.stage = TaskStage::Ready;
            }
        });
    }

    /// Removes a task from the queue, wherever it is.
    fn unqueue(&mut self, id: TaskId) {
        match self.queue.front() {
            Some(front) if *front == id => {
                self.queue.pop_front();
            }
            _ => self.queue.retain(|queued| *queued != id),
        }
    }

    fn start_poll(&mut self, id: TaskId) {
        if !self.tasks.get(&id).is_some_and(|task| task.woken_in_scope) {
            self.unqueue(id);
        }
        self.mode = Mode::Poll;
        self.suspended.extend(self.polling);
        self.polling = Some(id);
        self.update(id, |task| {
            task.queued = false;
            task.woken_in_scope = false;
            task.polls += 1;
            task.stage = TaskStage::Polling;
            task.waits.retain(|on| !matches!(on, WaitTarget::Other(_)));
        });
    }

    fn end_poll(&mut self, id: TaskId) {
        self.polling = self.suspended.pop();
        if self.polling.is_none() {
            self.mode = Mode::Turn;
        }
        self.update(id, |task| {
            task.stage = match task.queued || task.woken_in_scope {
                true => TaskStage::Ready,
                false => TaskStage::Waiting,
            };
        });
    }

    fn end_task(&mut self, id: TaskId, how: Ending) {
        if self.tasks.get(&id).is_some_and(|task| task.queued) {
            self.unqueue(id);
        }
        let mut was_alive = false;
        self.update(id, |task| {
            was_alive = !task.has_ended();
            task.end(how);
        });
        self.alive -= usize::from(was_alive);
        self.complete(&WaitTarget::Task(id));
    }
}
