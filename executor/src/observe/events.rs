//! Events for instruments: turns hooks of the core into trace events.
//!
//! **Invariant:** an instrument receives every event it wants once, in order,
//! and cannot stop the loop: one that panics is removed and reported.
//!
//! Subscribed by `attach`. Imports the public types of `instrument`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::thread::ThreadId;
use std::time::Duration;

use super::instrument::{
    Attempt, Cause, Direction, Ending, Event, EventRecord, Instrument, ParkEndReason, PollResult,
    TaskId, WaitTarget, WakeOutcome,
};
use super::remote_events::{RemoteEvent, RemoteEvents, RemoteRecord};
use super::waker_samples::WakerSamples;
use crate::base::clock::Nanos;
use crate::base::error::{JoinError, Payload, caught, report};
use crate::base::hooks::{
    self, CHILD, Hook, INBOX, Interest, JOB, PARK, POLL, PRINT, RUN, Readiness, SOURCE, TASK,
    TIMER, WAIT, WAKE,
};
use crate::base::slab::{JobKey, SourceKey, TaskKey, TimerKey};
use crate::base::sys::Arc;
use crate::event_loop::runtime::Runtime;

/// Sends events to the instruments of one loop.
pub(super) struct Events {
    runtime: Weak<Runtime>,
    instruments: RefCell<Vec<Box<dyn Instrument>>>,
    interest: Cell<Interest>,
    /// By index of a task's key: its generation and id. The key of an ended
    /// task is known until its slot is used again.
    ids: RefCell<BTreeMap<usize, (u32, TaskId)>>,
    samples: RefCell<WakerSamples>,
    /// The tasks being polled, the innermost last.
    polls: RefCell<Vec<TaskId>>,
    cause: Cell<Cause>,
    /// The deadline of the current park.
    deadline: Cell<Option<Nanos>>,
    /// The time of the last event: another thread reads its clock before the
    /// loop reports its event.
    last: Cell<Nanos>,
    /// Other threads, in the order of their appearance.
    threads: RefCell<Vec<ThreadId>>,
    remote: Arc<RemoteEvents>,
}

/// What `Events` needs to know, whatever the instruments want.
const NEEDED: Interest = TASK | POLL | INBOX | TIMER | JOB | PARK | SOURCE;

impl Events {
    /// Subscribes instruments to a loop.
    pub(super) fn subscribe(runtime: &Rc<Runtime>, instruments: Vec<Box<dyn Instrument>>) {
        let remote = Arc::<RemoteEvents>::default();
        let events = Events {
            runtime: Rc::downgrade(runtime),
            instruments: RefCell::default(),
            interest: Cell::new(0),
            ids: RefCell::default(),
            samples: RefCell::default(),
            polls: RefCell::default(),
            cause: Cell::new(Cause::Loop),
            deadline: Cell::new(None),
            last: Cell::new(0),
            threads: RefCell::default(),
            remote: Arc::clone(&remote),
        };
        events.set_instruments(instruments);
        runtime.inbox().subscribe(remote);
        runtime.hooks.subscribe(Rc::new(events));
    }

    fn set_instruments(&self, instruments: Vec<Box<dyn Instrument>>) {
        let wanted = instruments.iter().map(|it| it.interest().0);
        self.interest.set(wanted.fold(0, |all, it| all | it));
        self.instruments.replace(instruments);
    }

    fn with<R>(&self, f: impl FnOnce(&Runtime) -> R) -> R {
        let runtime = self.runtime.upgrade();
        f(&runtime.expect("a loop outlives its subscribers"))
    }

    fn id(&self, key: impl Into<Option<TaskKey>>) -> TaskId {
        let find = |key: TaskKey| {
            let ids = self.ids.borrow();
            let (generation, id) = *ids.get(&key.index())?;
            (generation == key.generation().get()).then_some(id)
        };
        key.into().and_then(find).unwrap_or(TaskId::NONE)
    }

    /// Returns the task whose code runs.
    fn current(&self) -> Option<TaskId> {
        let key = self.with(|runtime| runtime.poll.task());
        key.map(|key| self.id(key))
    }

    /// Reports an event of this thread, and before it those of others.
    fn tell(&self, kind: Interest, event: Event) {
        for record in self.remote.take() {
            self.tell_remote(&record);
        }
        let (now, site) = self.with(|runtime| (runtime.clock.now(), runtime.hooks.site()));
        self.send(kind, now, &event, site, None);
    }

    fn tell_remote(&self, record: &RemoteRecord) {
        let at = self.with(|runtime| match runtime.clock.is_virtual() {
            true => runtime.clock.now(),
            false => runtime.clock.nanos_at(record.at),
        });
        let (kind, event) = match record.event {
            RemoteEvent::MessageSent { task, kind } => {
                let task = task.map(|task| self.id(task));
                (INBOX, Event::MessageSent { task, kind })
            }
            RemoteEvent::JobStart(job) => (JOB, Event::JobStart { job: job.to_bits() }),
            RemoteEvent::JobFinish { job, panicked } => {
                let job = job.to_bits();
                (JOB, Event::JobFinish { job, panicked })
            }
        };
        let thread = self.thread(record.thread);
        self.send(kind, at, &event, record.site, thread);
    }

    /// Returns the number of a thread that is not the loop's.
    fn thread(&self, thread: ThreadId) -> Option<u32> {
        let mut threads = self.threads.borrow_mut();
        if threads.is_empty() {
            threads.push(std::thread::current().id()); // number 0: the loop's
        }
        let known = threads.iter().position(|known| *known == thread);
        let number = known.unwrap_or_else(|| {
            threads.push(thread);
            threads.len() - 1
        });
        u32::try_from(number).ok().filter(|number| *number > 0)
    }

    /// Passes an event to every instrument that wants it, and removes one that
    /// panics.
    fn send(
        &self,
        kind: Interest,
        at: Nanos,
        event: &Event,
        site: &'static Location<'static>,
        thread: Option<u32>,
    ) {
        self.last.set(self.last.get().max(at));
        let at = Duration::from_nanos(self.last.get());
        let record = EventRecord::new(at, event, site, thread);
        let mut instruments = self.instruments.take();
        let before = instruments.len();
        instruments.retain_mut(|instrument| {
            if instrument.interest().0 & kind == 0 {
                return true;
            }
            let Err(text) = caught(|| instrument.record(&record)) else {
                return true;
            };
            report(format_args!(
                "the instrument panicked at {event:?} and was removed: {text}"
            ));
            let broken = std::mem::replace(instrument, Box::new(Removed));
            if let Err(text) = caught(|| drop(broken)) {
                report(format_args!("its destructor panicked as well: {text}"));
            }
            false
        });
        match instruments.len() == before {
            true => drop(self.instruments.replace(instruments)),
            false => self.set_instruments(instruments),
        }
    }

    fn await_start(&self, task: impl Into<Option<TaskKey>>, on: WaitTarget) {
        let task = self.id(task);
        self.tell(WAIT, Event::Await { task, on });
    }

    fn sample(&self, task: TaskKey, polled: Option<(bool, usize)>) {
        let sample = self.with(|runtime| {
            let samples = &mut *self.samples.borrow_mut();
            samples.sample(runtime, task, polled)
        });
        if let Some(sample) = sample {
            let (task, n, noted) = (sample.task, sample.n, sample.noted);
            self.tell(WAKE, Event::WakerCount { task, n, noted });
        }
    }

    fn push(&self, task: TaskKey) {
        let is_routed = self.with(|runtime| runtime.routes.borrow().contains_key(&task));
        let task = self.id(task);
        self.tell(
            WAKE,
            match is_routed {
                true => Event::ScopePush { task },
                false => Event::ReadyPush { task },
            },
        );
    }
}

/// Takes the place of an instrument that is being removed.
struct Removed;

impl Instrument for Removed {
    fn event(&mut self, _: Duration, _: &Event) {}
}

impl Hook for Events {
    fn interest(&self) -> Interest {
        match self.interest.get() {
            0 => 0,
            wanted => wanted | NEEDED,
        }
    }

    fn run_start(&self) {
        let settings = self.with(|runtime| runtime.settings);
        self.tell(
            RUN,
            Event::RunStart {
                virtual_time: settings.virtual_time,
                seed: settings.seed,
            },
        );
    }

    fn run_end(&self, how: hooks::Ending) {
        self.tell(RUN, Event::RunEnd { how: how.into() });
    }

    fn loop_close(&self) {
        self.tell(RUN, Event::LoopClose);
    }

    fn loop_closed(&self) {
        self.tell(RUN, Event::LoopClosed);
    }

    fn turn_start(&self) {
        let (turn, seeded) =
            self.with(|runtime| (this_turn(runtime), runtime.settings.seed.is_some()));
        self.cause.set(Cause::Loop);
        self.tell(RUN, Event::Turn { ready: turn.len() });
        if seeded {
            let order = turn.iter().map(|task| self.id(*task)).collect();
            self.tell(RUN, Event::TurnOrder { order });
        }
    }

    fn task_spawn(&self, key: TaskKey, refused: bool) {
        let spawned = self.with(|runtime| {
            let tasks = runtime.tasks.borrow();
            let task = tasks.get(key)?;
            Some(Event::TaskSpawn {
                task: task.identity.id.into(),
                name: task.identity.name(),
                parent: task.parent.map(TaskId::from),
                at: task.identity.site.to_string(),
            })
        });
        let Some(Event::TaskSpawn { task, .. }) = spawned else {
            return;
        };
        let known = (key.generation().get(), task);
        self.ids.borrow_mut().insert(key.index(), known);
        self.tell(TASK, spawned.expect("matched above"));
        if refused {
            let how = Ending::Cancelled;
            let text = None;
            self.tell(TASK, Event::TaskEnd { task, how, text });
        }
    }

    fn task_cancel(&self, task: TaskKey) {
        let task = self.id(task);
        self.tell(TASK, Event::TaskCancel { task });
    }

    fn task_end(&self, key: TaskKey, how: hooks::Ending, error: Option<&JoinError>) {
        let task = self.id(key);
        let (how, text) = (how.into(), error.and_then(JoinError::panic_text));
        self.tell(TASK, Event::TaskEnd { task, how, text });
        self.samples.borrow_mut().forget(task);
    }

    fn poll_start(&self, task: TaskKey) {
        let task = self.id(task);
        self.polls.borrow_mut().push(task);
        self.cause.set(Cause::Task(task));
        self.tell(POLL, Event::PollStart { task });
    }

    fn poll_end(
        &self,
        key: TaskKey,
        result: &Result<Poll<()>, Payload>,
        registered: bool,
        clones: usize,
    ) {
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
        self.tell(POLL, Event::PollEnd { task, result });
        if result == PollResult::Pending {
            self.sample(key, Some((registered, clones)));
            let woken = self.samples.borrow_mut().take_woken();
            woken.into_iter().for_each(|task| self.sample(task, None));
        }
    }

    fn child_poll(&self, child: usize) {
        let task = self.current().unwrap_or(TaskId::NONE);
        self.tell(CHILD, Event::ChildPoll { task, child });
    }

    fn child_done(&self, child: usize) {
        let task = self.current().unwrap_or(TaskId::NONE);
        self.tell(CHILD, Event::ChildDone { task, child });
    }

    fn wake(&self, key: TaskKey, queued: Option<bool>) {
        self.samples.borrow_mut().note_wake(key);
        let (task, by) = (self.id(key), self.cause.get());
        let outcome = match queued {
            Some(true) => WakeOutcome::Queued,
            Some(false) => WakeOutcome::AlreadyQueued,
            None => WakeOutcome::AfterDone,
        };
        self.tell(WAKE, Event::Wake { task, by, outcome });
        if queued == Some(true) {
            self.push(key);
        }
    }

    fn first_push(&self, task: TaskKey) {
        self.push(task);
    }

    fn join_wait(&self, task: TaskKey, by: Option<TaskKey>) {
        let before = self.with(|runtime| {
            let tasks = runtime.tasks.borrow();
            tasks.get(task).map(|task| task.waiter.task)
        });
        if before.is_some_and(|before| before != by) {
            self.await_start(by, WaitTarget::Task(self.id(task)));
        }
    }

    fn join_wait_end(&self, task: TaskKey, by: Option<TaskKey>) {
        let (task, on) = (self.id(by), WaitTarget::Task(self.id(task)));
        self.tell(WAIT, Event::AwaitEnd { task, on });
    }

    fn timer_add(&self, timer: TimerKey, by: Option<TaskKey>, deadline: Nanos) {
        let (timer, task, deadline) = (timer.to_bits(), self.id(by), duration(deadline));
        let armed = Event::TimerAdd {
            timer,
            task,
            deadline,
        };
        self.tell(TIMER, armed);
        self.await_start(by, WaitTarget::Timer(timer));
    }

    fn timer_move(&self, timer: TimerKey, deadline: Nanos) {
        let (timer, deadline) = (timer.to_bits(), duration(deadline));
        self.tell(TIMER, Event::TimerMove { timer, deadline });
    }

    fn timer_fire(&self, timer: TimerKey) {
        let timer = timer.to_bits();
        self.cause.set(Cause::Timer(timer));
        self.tell(TIMER, Event::TimerFire { timer });
    }

    fn timer_cancel(&self, timer: TimerKey) {
        let timer = timer.to_bits();
        self.tell(TIMER, Event::TimerCancel { timer });
    }

    fn park_start(&self, until: Option<Nanos>) {
        let cloned = {
            let mut samples = self.samples.borrow_mut();
            samples.take_woken();
            samples.take_cloned()
        };
        cloned.into_iter().for_each(|task| self.sample(task, None));
        self.deadline.set(until);
        self.cause.set(Cause::Loop);
        let until = until.map(duration);
        self.tell(PARK, Event::ParkStart { until });
    }

    fn park_end(&self, io: bool) {
        let reason = self.with(|runtime| {
            let is_due = |deadline| runtime.clock.now() >= deadline;
            if runtime.inbox().has_messages() {
                ParkEndReason::Message
            } else if io || !runtime.ready.borrow().is_empty() {
                ParkEndReason::Io
            } else if self.deadline.get().is_some_and(is_due) {
                ParkEndReason::Timer
            } else {
                ParkEndReason::Nothing
            }
        });
        self.tell(PARK, Event::ParkEnd { reason });
    }

    fn inbox_drained(&self, messages: usize) {
        self.cause.set(Cause::Inbox);
        self.tell(INBOX, Event::InboxDrained { messages });
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
        self.tell(SOURCE, added);
    }

    fn source_remove(&self, source: SourceKey) {
        let source = source.to_bits();
        self.tell(SOURCE, Event::SourceRemove { source });
    }

    fn source_wait(&self, source: SourceKey, way: hooks::Direction, by: Option<TaskKey>) {
        let (source, direction) = (source.to_bits(), way.into());
        let task = by.map(|task| self.id(task));
        let wait = Event::SourceWait {
            source,
            task,
            direction,
        };
        self.tell(SOURCE, wait);
        self.await_start(by, WaitTarget::Source(source, direction));
    }

    fn source_wait_end(&self, source: SourceKey, way: hooks::Direction) {
        let wait = Event::SourceWait {
            source: source.to_bits(),
            task: None,
            direction: way.into(),
        };
        self.tell(SOURCE, wait);
    }

    fn source_ready(&self, readiness: Readiness) {
        self.cause.set(Cause::Io);
        let ready = Event::SourceReady {
            source: readiness.source.to_bits(),
            readable: readiness.readable,
            writable: readiness.writable,
            closed: readiness.closed,
        };
        self.tell(SOURCE, ready);
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
        self.tell(SOURCE, attempt);
    }

    fn job_submit(&self, job: JobKey, by: Option<TaskKey>, site: &'static Location<'static>) {
        let (job, task, at) = (job.to_bits(), self.id(by), site.to_string());
        self.tell(JOB, Event::JobSubmit { job, task, at });
        self.await_start(by, WaitTarget::Job(job));
    }

    fn job_end(&self, job: JobKey) {
        let job = job.to_bits();
        self.cause.set(Cause::Job(job));
        self.tell(JOB, Event::JobEnd { job });
    }

    fn job_cancel(&self, job: JobKey) {
        let job = job.to_bits();
        self.tell(JOB, Event::JobCancel { job });
    }

    fn print(&self, text: &str) {
        let (task, text) = (self.current(), text.to_owned());
        self.tell(PRINT, Event::Print { task, text });
    }

    fn mark(&self, text: &str) {
        let (task, text) = (self.current(), text.to_owned());
        self.tell(PRINT, Event::Mark { task, text });
    }
}

/// Returns the tasks of the turn that have not ended since they were woken.
fn this_turn(runtime: &Runtime) -> Vec<TaskKey> {
    let ready = runtime.ready.borrow();
    let is_alive = |task: &&TaskKey| !runtime.has_ended(**task);
    ready.turn().iter().filter(is_alive).copied().collect()
}

/// A deadline that never comes is `Duration::MAX`.
fn duration(nanos: Nanos) -> Duration {
    match nanos {
        Nanos::MAX => Duration::MAX,
        nanos => Duration::from_nanos(nanos),
    }
}

impl From<hooks::Ending> for Ending {
    fn from(how: hooks::Ending) -> Self {
        match how {
            hooks::Ending::Returned => Ending::Returned,
            hooks::Ending::Cancelled => Ending::Cancelled,
            hooks::Ending::Panicked => Ending::Panicked,
        }
    }
}

impl From<hooks::Direction> for Direction {
    fn from(way: hooks::Direction) -> Self {
        match way {
            hooks::Direction::Read => Direction::Read,
            hooks::Direction::Write => Direction::Write,
        }
    }
}
