//! The state of a loop at any moment, from its recording alone.
//!
//! **Invariant:** the state is a pure fold over the events: the same events
//! give the same state, here and in the loop player, and nothing else does
//! anything to it.
//!
//! The fold is described in `docs/player/SCHEMA.md`; [`judge`] folds a whole
//! trace and says which of a loop's rules it broke.

mod json;
mod rules;
mod things;
mod waits;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use super::{Ending, Entry, Event, On, Polled, Trace, Way};
use crate::info::TaskId;

pub use rules::{Broken, Rule, judge};
pub use things::{Job, JobStage, Source, Task, TaskStage, Timer};
use things::{JobTable, Letters, SourceTable, TimerTable};

/// What the loop is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mode {
    /// No run goes on.
    #[default]
    Idle,
    /// It goes through the ready queue, or looks around.
    Turn,
    /// It polls a task.
    Poll,
    /// It sleeps.
    Park,
    /// It drops what is left.
    Closing,
}

/// A loop between two events.
///
/// ```
/// use executor::Runner;
/// use executor::instrument::{Tracer, replay};
///
/// let tracer = Tracer::new();
/// let mut runner = Runner::builder().instrument(tracer.clone()).build();
/// runner.run(async { executor::println!("hello") });
/// drop(runner);
///
/// let trace = tracer.trace();
/// let last = replay::states(&trace).last().unwrap();
/// assert_eq!(last.printed(), ["hello"]);
/// assert_eq!(replay::judge(&trace), []);
/// ```
#[derive(Clone, Debug, Default)]
pub struct State {
    /// How many events it has seen.
    events: usize,
    at: Duration,
    kind: String,
    mode: Mode,
    turn: u64,
    polling: Option<TaskId>,
    /// Tasks in whose poll the polled one is polled: owners of scopes.
    suspended: Vec<TaskId>,
    queue: VecDeque<TaskId>,
    tasks: BTreeMap<TaskId, Task>,
    /// Tasks in order of spawning.
    order: Vec<TaskId>,
    /// Who waits for what, the other way round.
    waiters: HashMap<On, Vec<TaskId>>,
    /// Tasks that wait, and that nobody can wake.
    lost: BTreeSet<TaskId>,
    alive: usize,
    timers: TimerTable,
    parked: Option<Option<Duration>>,
    inbox: Letters,
    sources: SourceTable,
    jobs: JobTable,
    printed: Vec<String>,
}

/// The state after each event of a trace.
pub fn states(trace: &Trace) -> impl Iterator<Item = State> {
    let mut state = State::default();
    trace.events.iter().map(move |entry| {
        state.apply(entry);
        state.clone()
    })
}

impl State {
    /// The state before anything has happened.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the loop is doing.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The task that is being polled.
    pub fn polling(&self) -> Option<TaskId> {
        self.polling
    }

    /// The ready queue, front first.
    pub fn queue(&self) -> impl Iterator<Item = TaskId> {
        self.queue.iter().copied()
    }

    /// All tasks, in order of spawning; those that have ended too.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.order.iter().filter_map(|task| self.tasks.get(task))
    }

    /// One task.
    pub fn task(&self, task: TaskId) -> Option<&Task> {
        self.tasks.get(&task)
    }

    /// The timers, in the order in which they will fire.
    pub fn timers(&self) -> impl Iterator<Item = Timer> {
        self.timers.in_order()
    }

    /// The sockets, by number.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.values()
    }

    /// The calls that are with a thread pool, by number.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    /// How many letters are in the mail slot.
    pub fn letters(&self) -> usize {
        self.inbox.len()
    }

    /// The lines that were printed so far.
    pub fn printed(&self) -> &[String] {
        &self.printed
    }

    /// Takes in the next event.
    pub fn apply(&mut self, entry: &Entry) {
        self.events += 1;
        self.at = entry.at;
        entry.event.kind().clone_into(&mut self.kind);
        match &entry.event {
            Event::RunStart { .. } => self.mode = Mode::Turn,
            Event::RunEnd { .. } | Event::LoopClosed => self.idle(),
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
            Event::MailPush { task, what } => self.inbox.push_back((*task, *what)),
            Event::Mail { messages } => {
                let n = (*messages).min(self.inbox.len());
                self.inbox.drain(..n);
            }
            Event::Print { text, .. } => self.printed.push(text.clone()),
            event => self.apply_to_task(event, entry.thread),
        }
    }

    /// A run is over, perhaps in the middle of something.
    fn idle(&mut self) {
        self.mode = Mode::Idle;
        self.parked = None;
    }

    fn apply_to_task(&mut self, event: &Event, thread: Option<u32>) {
        match event {
            Event::TaskSpawn {
                task, name, parent, ..
            } => self.spawn(*task, name, *parent),
            Event::ReadyPush { task } => self.push(*task),
            Event::ScopePush { task } => self.push_on_roll(*task),
            Event::PollStart { task } => self.start_poll(*task),
            Event::PollEnd { task, result } => self.end_poll(*task, *result),
            Event::WakerCount { task, n, noted } => self.change(*task, |task| {
                task.wakers = *n;
                task.noted = *noted;
            }),
            Event::Await { task, on } => self.wait(*task, on),
            Event::AwaitEnd { task, on } => self.end_wait(*task, on),
            Event::TaskCancel { task } => self.change(*task, |task| task.cancel = true),
            Event::TaskEnd { task, how, .. } => self.end_task(*task, *how),
            event => self.apply_to_thing(event, thread),
        }
    }

    fn apply_to_thing(&mut self, event: &Event, thread: Option<u32>) {
        match event {
            Event::TimerAdd {
                timer,
                task,
                deadline,
            } => self.timers.add(*timer, *task, *deadline),
            Event::TimerMove { timer, deadline } => self.timers.reschedule(*timer, *deadline),
            Event::TimerFire { timer } | Event::TimerCancel { timer } => {
                self.timers.remove(*timer);
                self.over(&On::Timer(*timer));
            }
            Event::SourceAdd { source, kind, addr } => {
                let new = Source::new(*source, kind, addr.as_deref());
                self.sources.insert(*source, new);
            }
            Event::SourceRemove { source } => {
                self.sources.remove(source);
                self.over(&On::Source(*source, Way::Read));
                self.over(&On::Source(*source, Way::Write));
            }
            Event::SourceWait { source, task, way } => self.source_wait(*source, *task, *way),
            Event::SourceReady {
                source,
                readable,
                writable,
                closed,
            } => {
                if *readable || *closed {
                    self.source_wait(*source, None, Way::Read);
                }
                if *writable || *closed {
                    self.source_wait(*source, None, Way::Write);
                }
            }
            Event::JobSubmit { job, task, .. } => {
                self.jobs.insert(*job, Job::new(*job, *task));
            }
            Event::JobStart { job } => self.change_job(*job, |job| {
                job.stage = JobStage::Running;
                job.worker = thread;
            }),
            Event::JobFinish { job, .. } => {
                self.change_job(*job, |job| job.stage = JobStage::Ended);
            }
            Event::JobEnd { job } | Event::JobCancel { job } => {
                self.jobs.remove(job);
                self.over(&On::Job(*job));
            }
            _ => {}
        }
    }

    // ---- tasks ------------------------------------------------------------

    fn spawn(&mut self, id: TaskId, name: &str, parent: Option<TaskId>) {
        if self.tasks.insert(id, Task::new(id, name, parent)).is_none() {
            self.order.push(id);
            self.alive += 1;
        }
        self.look_at(id);
    }

    /// Changes a task, if there is such a one.
    fn change(&mut self, id: TaskId, how: impl FnOnce(&mut Task)) {
        if let Some(task) = self.tasks.get_mut(&id) {
            how(task);
            self.look_at(id);
        }
    }

    /// Notes whether nobody can wake a task, after something about it changed.
    fn look_at(&mut self, id: TaskId) {
        let lost = self.tasks.get(&id).is_some_and(Task::is_lost);
        if lost {
            self.lost.insert(id);
        } else {
            self.lost.remove(&id);
        }
    }

    fn push(&mut self, id: TaskId) {
        self.queue.push_back(id);
        let polling = self.polling == Some(id);
        self.change(id, |task| {
            task.queued = true;
            if !polling {
                task.stage = TaskStage::Ready;
            }
        });
    }

    /// A child of a scope was woken.
    fn push_on_roll(&mut self, id: TaskId) {
        let polling = self.polling == Some(id);
        self.change(id, |task| {
            task.on_roll = true;
            if !polling {
                task.stage = TaskStage::Ready;
            }
        });
    }

    /// Takes a task out of the queue, wherever it stands.
    fn pull(&mut self, id: TaskId) {
        match self.queue.front() {
            Some(front) if *front == id => {
                self.queue.pop_front();
            }
            _ => self.queue.retain(|queued| *queued != id),
        }
    }

    fn start_poll(&mut self, id: TaskId) {
        if !self.tasks.get(&id).is_some_and(|task| task.on_roll) {
            self.pull(id);
        }
        self.mode = Mode::Poll;
        self.suspended.extend(self.polling);
        self.polling = Some(id);
        let others = |on: &On| matches!(on, On::Other(_));
        self.change(id, |task| {
            task.queued = false;
            task.on_roll = false;
            task.polls += 1;
            task.stage = TaskStage::Polling;
            task.waits.retain(|on| !others(on));
        });
    }

    fn end_poll(&mut self, id: TaskId, _result: Polled) {
        self.polling = self.suspended.pop();
        if self.polling.is_none() {
            self.mode = Mode::Turn;
        }
        self.change(id, |task| {
            task.stage = match task.queued || task.on_roll {
                true => TaskStage::Ready,
                false => TaskStage::Waiting,
            };
        });
    }

    fn end_task(&mut self, id: TaskId, how: Ending) {
        if self.tasks.get(&id).is_some_and(|task| task.queued) {
            self.pull(id);
        }
        let mut alive = false;
        self.change(id, |task| {
            alive = !task.is_over();
            task.end(how);
        });
        self.alive -= usize::from(alive);
        self.over(&On::Task(id));
    }
}
