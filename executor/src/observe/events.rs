//! Events for instruments: turns the core's hooks into trace events.
//!
//! **Invariant:** events are reported in the order in which they happened,
//! those of other threads included.
//!
//! Subscribed by `attach`; marks come through `mark`. Imports the public types
//! of `instrument`.

mod convert;
mod task_ids;
mod threads;
mod remote;
mod waker_samples;
mod instruments;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::task::Poll;

use super::instrument::{
    Attempt, Cause, Ending, Event, Instrument, ParkEndReason, PollResult, TaskId, WaitTarget,
    WakeOutcome,
};
use crate::base::clock::Nanos;
use crate::base::error::{JoinError, Payload};
use crate::base::hooks::{
    self, CHILD, Hook, INBOX, Interest, JOB, PARK, POLL, PRINT, RUN, Readiness, SOURCE, TASK,
    TIMER, WAIT, WAKE,
};
use crate::base::slab::{JobKey, SourceKey, TaskKey, TimerKey};
use crate::base::sys::Arc;
use crate::event_loop::runtime::Runtime;
use convert::deadline;
use instruments::Instruments;
use remote::{RemoteEvents, RemoteRecord};
use task_ids::TaskIds;
use threads::Threads;
use waker_samples::WakerSamples;

/// What `Events` needs to know, whatever the instruments want: tasks' ids, what
/// is being polled, and the causes of wakes.
const NEEDED: Interest = TASK | POLL | INBOX | TIMER | JOB | PARK | SOURCE;

thread_local! {
    /// The subscribers of this thread's loops, for marks.
    static OF_THREAD: RefCell<Vec<Weak<Events>>> = const { RefCell::new(Vec::new()) };
}

/// Reports events to the instruments of one loop.
pub(super) struct Events {
    runtime: Weak<Runtime>,
    instruments: Instruments,
    ids: RefCell<TaskIds>,
    samples: RefCell<WakerSamples>,
    /// The tasks being polled, the innermost last.
    polls: RefCell<Vec<TaskId>>,
    /// The cause of a wake that happens now.
    cause: Cell<Cause>,
    /// The deadline of the current park.
    deadline: Cell<Option<Nanos>>,
    threads: RefCell<Threads>,
    remote: Arc<RemoteEvents>,
}

impl Events {
    /// Subscribes instruments to a loop.
    pub(super) fn subscribe(runtime: &Rc<Runtime>, instruments: Vec<Box<dyn Instrument>>) {
        let remote = Arc::<RemoteEvents>::default();
        let events = Rc::new(Events {
            runtime: Rc::downgrade(runtime),
            instruments: Instruments::new(instruments),
            ids: RefCell::default(),
            samples: RefCell::default(),
            polls: RefCell::default(),
            cause: Cell::new(Cause::Loop),
            deadline: Cell::new(None),
            threads: RefCell::default(),
            remote: Arc::clone(&remote),
        });
        // A thread that exits records no marks.
        let _ = OF_THREAD.try_with(|all| {
            let mut all = all.borrow_mut();
            all.retain(|other| other.strong_count() > 0);
            all.push(Rc::downgrade(&events));
        });
        runtime.inbox().subscribe(remote);
        runtime.hooks.subscribe(events);
    }

    /// Returns the subscriber of a loop of this thread, if it has instruments.
    pub(super) fn of(runtime: &Rc<Runtime>) -> Option<Rc<Events>> {
        let is_its = |events: &Rc<Events>| events.runtime.as_ptr() == Rc::as_ptr(runtime);
        let find = |all: &RefCell<Vec<Weak<Events>>>| {
            let all = all.borrow();
            all.iter().filter_map(Weak::upgrade).find(is_its)
        };
        OF_THREAD.try_with(find).ok().flatten()
    }

    /// Reports a mark. To be called while the loop dispatches to this
    /// subscriber.
    pub(super) fn mark(&self, text: String) {
        let task = self.current();
        self.emit(PRINT, Event::Mark { task, text });
    }

    fn with<R>(&self, f: impl FnOnce(&Runtime) -> R) -> R {
        let runtime = self.runtime.upgrade();
        f(&runtime.expect("a loop outlives its subscribers"))
    }

    fn id(&self, key: impl Into<Option<TaskKey>>) -> TaskId {
        let key = key.into();
        key.map_or(TaskId::NONE, |key| self.ids.borrow().get(key))
    }

    /// Returns the task whose code runs.
    fn current(&self) -> Option<TaskId> {
        let key = self.with(|runtime| runtime.poll.task());
        key.map(|key| self.id(key))
    }

    /// Reports an event of the loop's thread, and before it those of other
    /// threads.
    fn emit(&self, kind: Interest, event: Event) {
        for record in self.remote.take() {
            self.emit_remote(&record);
        }
        let (now, site) = self.with(|runtime| (runtime.clock.now(), runtime.hooks.site()));
        self.instruments.send(kind, now, &event, site, None);
    }

    fn emit_remote(&self, record: &RemoteRecord) {
        let at = self.with(|runtime| match runtime.clock.is_virtual() {
            true => runtime.clock.now(),
            false => runtime.clock.nanos_at(record.at),
        });
        let (kind, event) = record.event(&self.ids.borrow());
        let thread = self.threads.borrow_mut().number(record.thread);
        self.instruments.send(kind, at, &event, record.site, thread);
    }

    fn emit_await(&self, task: impl Into<Option<TaskKey>>, on: WaitTarget) {
        let task = self.id(task);
        self.emit(WAIT, Event::Await { task, on });
    }

    fn emit_push(&self, task: TaskKey) {
        let is_routed = self.with(|runtime| runtime.ready.is_routed(task));
        let task = self.id(task);
        let push = match is_routed {
            true => Event::ScopePush { task },
            false => Event::ReadyPush { task },
        };
        self.emit(WAKE, push);
    }

    /// Reports the number of clones of a task's waker, if it has changed.
    fn emit_waker_count(&self, task: TaskKey, noted: Option<bool>) {
        let sample = self.with(|runtime| {
            let samples = &mut *self.samples.borrow_mut();
            samples.sample(runtime, task, noted)
        });
        if let Some(sample) = sample {
            let (task, n, noted) = (sample.task, sample.n, sample.noted);
            self.emit(WAKE, Event::WakerCount { task, n, noted });
        }
    }
}

impl Hook for Events {
    fn interest(&self) -> Interest {
        match self.instruments.interest() {
            0 => 0,
            wanted => wanted | NEEDED,
        }
    }

    fn run_start(&self) {
        let settings = self.with(|runtime| runtime.settings);
        self.emit(
            RUN,
            Event::RunStart {
                virtual_time: settings.virtual_time,
                seed: settings.seed,
            },
        );
    }

    fn run_end(&self, how: hooks::Ending) {
        self.emit(RUN, Event::RunEnd { how: how.into() });
    }

    fn loop_close(&self) {
        self.emit(RUN, Event::LoopClose);
    }

    fn loop_closed(&self) {
        self.emit(RUN, Event::LoopClosed);
    }

    fn turn_start(&self) {
        let (turn, seeded) =
            self.with(|runtime| (runtime.ready.this_turn(), runtime.settings.seed.is_some()));
        self.cause.set(Cause::Loop);
        self.emit(RUN, Event::Turn { ready: turn.len() });
        if seeded {
            let order = turn.iter().map(|task| self.id(*task)).collect();
            self.emit(RUN, Event::TurnOrder { order });
        }
    }

    fn task_spawn(&self, key: TaskKey, refused: bool) {
        let spawned = self.with(|runtime| {
            let tasks = runtime.tasks.borrow();
            let task = tasks.get(key)?;
            let id = TaskId::from(task.identity.id);
            let spawn = Event::TaskSpawn {
                task: id,
                name: task.identity.name(),
                parent: task.parent.map(TaskId::from),
                at: task.identity.site.to_string(),
            };
            Some((id, spawn))
        });
        let Some((task, spawn)) = spawned else {
            return;
        };
        self.ids.borrow_mut().insert(key, task);
        self.emit(TASK, spawn);
        if refused {
            let how = Ending::Cancelled;
            let text = None;
            self.emit(TASK, Event::TaskEnd { task, how, text });
        }
    }

    fn task_cancel(&self, task: TaskKey) {
        let task = self.id(task);
        self.emit(TASK, Event::TaskCancel { task });
    }

    fn task_end(&self, key: TaskKey, how: hooks::Ending, error: Option<&JoinError>) {
        let task = self.id(key);
        let (how, text) = (how.into(), error.and_then(JoinError::panic_text));
        self.emit(TASK, Event::TaskEnd { task, how, text });
        self.samples.borrow_mut().forget(task);
    }

    fn poll_start(&self, task: TaskKey) {
        let task = self.id(task);
        self.polls.borrow_mut().push(task);
        self.cause.set(Cause::Task(task));
        self.emit(POLL, Event::PollStart { task });
    }

    fn poll_end(&self, key: TaskKey, result: &Result<Poll<()>, Payload>, registered: bool) {
        let task = self.id(key);
        let outer = {
            let mut polls = self.polls.borrow_mut();
            polls.pop();
            polls.last().copied()
        };
        self.cause.set(outer.map_or(Cause::Loop, Cause::Task));
        let result = match result {
            Ok(Poll::Pending) => PollResult::Pending,
            Ok(Poll::Ready(())) => PollResult::Ready,
            Err(_) => PollResult::Panicked,
        };
        self.emit(POLL, Event::PollEnd { task, result });
        if result == PollResult::Pending {
            self.emit_waker_count(key, Some(registered));
            let woken = self.samples.borrow_mut().take_woken();
            woken
                .into_iter()
                .for_each(|task| self.emit_waker_count(task, None));
        }
    }

    fn child_poll(&self, child: usize) {
        let task = self.current().unwrap_or(TaskId::NONE);
        self.emit(CHILD, Event::ChildPoll { task, child });
    }

    fn child_done(&self, child: usize) {
        let task = self.current().unwrap_or(TaskId::NONE);
        self.emit(CHILD, Event::ChildDone { task, child });
    }

    fn wake(&self, key: TaskKey, queued: Option<bool>) {
        self.samples.borrow_mut().note_wake(key);
        let (task, by) = (self.id(key), self.cause.get());
        let outcome = match queued {
            Some(true) => WakeOutcome::Queued,
            Some(false) => WakeOutcome::AlreadyQueued,
            None => WakeOutcome::AfterDone,
        };
        self.emit(WAKE, Event::Wake { task, by, outcome });
        if queued == Some(true) {
            self.emit_push(key);
        }
    }

    fn first_push(&self, task: TaskKey) {
        self.emit_push(task);
    }

    fn join_wait(&self, task: TaskKey, by: Option<TaskKey>) {
        let before = self.with(|runtime| {
            let tasks = runtime.tasks.borrow();
            tasks.get(task).map(|task| task.waiter.task)
        });
        if before.is_some_and(|before| before != by) {
            self.emit_await(by, WaitTarget::Task(self.id(task)));
        }
    }

    fn join_wait_end(&self, task: TaskKey, by: Option<TaskKey>) {
        let (task, on) = (self.id(by), WaitTarget::Task(self.id(task)));
        self.emit(WAIT, Event::AwaitEnd { task, on });
    }

    fn timer_add(&self, timer: TimerKey, by: Option<TaskKey>, due: Nanos) {
        let (timer, task, deadline) = (timer.to_bits(), self.id(by), deadline(due));
        let armed = Event::TimerAdd {
            timer,
            task,
            deadline,
        };
        self.emit(TIMER, armed);
        self.emit_await(by, WaitTarget::Timer(timer));
    }

    fn timer_move(&self, timer: TimerKey, due: Nanos) {
        let (timer, deadline) = (timer.to_bits(), deadline(due));
        self.emit(TIMER, Event::TimerMove { timer, deadline });
    }

    fn timer_fire(&self, timer: TimerKey) {
        let timer = timer.to_bits();
        self.cause.set(Cause::Timer(timer));
        self.emit(TIMER, Event::TimerFire { timer });
    }

    fn timer_cancel(&self, timer: TimerKey) {
        let timer = timer.to_bits();
        self.emit(TIMER, Event::TimerCancel { timer });
    }

    fn park_start(&self, until: Option<Nanos>) {
        let cloned = {
            let mut samples = self.samples.borrow_mut();
            samples.take_woken();
            samples.take_cloned()
        };
        cloned
            .into_iter()
            .for_each(|task| self.emit_waker_count(task, None));
        self.deadline.set(until);
        self.cause.set(Cause::Loop);
        let until = until.map(deadline);
        self.emit(PARK, Event::ParkStart { until });
    }

    fn park_end(&self, io: bool) {
        let reason = self.with(|runtime| {
            let is_due = |deadline| runtime.clock.now() >= deadline;
            if runtime.inbox().has_messages() {
                ParkEndReason::Message
            } else if io || !runtime.ready.is_empty() {
                ParkEndReason::Io
            } else if self.deadline.get().is_some_and(is_due) {
                ParkEndReason::Timer
            } else {
                ParkEndReason::Nothing
            }
        });
        self.emit(PARK, Event::ParkEnd { reason });
    }

    fn inbox_drained(&self, messages: usize) {
        self.cause.set(Cause::Inbox);
        self.emit(INBOX, Event::InboxDrained { messages });
    }

    fn inbox_message(&self) {
        self.cause.set(Cause::Inbox);
    }

    fn source_add(&self, source: SourceKey, kind: &'static str, peer: Option<SocketAddr>) {
        let added = Event::SourceAdd {
            source: source.to_bits(),
            kind: kind.to_owned(),
            addr: peer.map(|peer| peer.to_string()),
        };
        self.emit(SOURCE, added);
    }

    fn source_remove(&self, source: SourceKey) {
        let source = source.to_bits();
        self.emit(SOURCE, Event::SourceRemove { source });
    }

    fn source_wait(&self, source: SourceKey, way: hooks::Direction, by: Option<TaskKey>) {
        let (source, direction) = (source.to_bits(), way.into());
        let task = by.map(|task| self.id(task));
        let wait = Event::SourceWait {
            source,
            task,
            direction,
        };
        self.emit(SOURCE, wait);
        self.emit_await(by, WaitTarget::Source(source, direction));
    }

    fn source_wait_end(&self, source: SourceKey, way: hooks::Direction) {
        let wait = Event::SourceWait {
            source: source.to_bits(),
            task: None,
            direction: way.into(),
        };
        self.emit(SOURCE, wait);
    }

    fn source_ready(&self, readiness: Readiness) {
        self.cause.set(Cause::Io);
        let ready = Event::SourceReady {
            source: readiness.source.to_bits(),
            readable: readiness.readable,
            writable: readiness.writable,
            closed: readiness.closed,
        };
        self.emit(SOURCE, ready);
    }

    fn source_try(
        &self,
        source: SourceKey,
        way: hooks::Direction,
        failed: Option<std::io::ErrorKind>,
    ) {
        let attempt = Event::SourceTry {
            source: source.to_bits(),
            direction: way.into(),
            result: match failed {
                None => Attempt::Done,
                Some(std::io::ErrorKind::WouldBlock) => Attempt::WouldBlock,
                Some(_) => Attempt::Failed,
            },
        };
        self.emit(SOURCE, attempt);
    }

    fn job_submit(&self, job: JobKey, by: Option<TaskKey>, site: &'static Location<'static>) {
        let (job, task, at) = (job.to_bits(), self.id(by), site.to_string());
        self.emit(JOB, Event::JobSubmit { job, task, at });
        self.emit_await(by, WaitTarget::Job(job));
    }

    fn job_end(&self, job: JobKey) {
        let job = job.to_bits();
        self.cause.set(Cause::Job(job));
        self.emit(JOB, Event::JobEnd { job });
    }

    fn job_cancel(&self, job: JobKey) {
        let job = job.to_bits();
        self.emit(JOB, Event::JobCancel { job });
    }

    fn print(&self, text: &str) {
        let (task, text) = (self.current(), text.to_owned());
        self.emit(PRINT, Event::Print { task, text });
    }
}
