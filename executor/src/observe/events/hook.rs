//! The trace events of each hook.
//!
//! **Invariant:** each hook reports its events whatever the instruments want;
//! `Instruments` selects them by kind.
//!
//! Called by the core's dispatch. Extends `Events`.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::panic::Location;

use super::Events;
use super::convert::deadline;
use crate::base::clock::Nanos;
use crate::base::error::JoinError;
use crate::base::hooks::{
    self, CHILD, Hook, INBOX, Interest, JOB, PARK, POLL, PRINT, RUN, Readiness, SOURCE, TASK,
    TIMER, WAIT, WAKE,
};
use crate::base::slab::{JobKey, SourceKey, TaskKey, TimerKey};
use crate::event_loop::runtime::Runtime;
use crate::observe::instrument::{
    Attempt, Cause, Ending, Event, ParkEndReason, PollResult, TaskId, WaitTarget, WakeOutcome,
};

/// What `Events` needs to know, whatever the instruments want: tasks' ids, what
/// is being polled, and the causes of wakes.
const NEEDED: Interest = TASK | POLL | INBOX | TIMER | JOB | PARK | SOURCE;

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
            self.with(|runtime| (this_turn(runtime), runtime.settings.seed.is_some()));
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
            self.ids.borrow_mut().end(key);
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
        self.ids.borrow_mut().end(key);
    }

    fn poll_start(&self, task: TaskKey) {
        let task = self.id(task);
        self.polls.borrow_mut().push(task);
        self.cause.set(Cause::Task(task));
        self.emit(POLL, Event::PollStart { task });
    }

    fn poll_end(&self, key: TaskKey, how: Option<hooks::Ending>, registered: bool, clones: usize) {
        let task = self.id(key);
        let outer = {
            let mut polls = self.polls.borrow_mut();
            polls.pop();
            polls.last().copied()
        };
        self.cause.set(outer.map_or(Cause::Loop, Cause::Task));
        let result = match how {
            None => PollResult::Pending,
            Some(hooks::Ending::Panicked) => PollResult::Panicked,
            Some(_) => PollResult::Ready,
        };
        self.emit(POLL, Event::PollEnd { task, result });
        if result == PollResult::Pending {
            self.emit_waker_count(key, Some((registered, clones)));
            let woken = self.samples.borrow_mut().take_woken();
            woken
                .into_iter()
                .filter(|&task| task != key && !self.is_polling(task))
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
            } else if io || !runtime.ready.borrow().is_empty() {
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

    fn source_try(&self, source: SourceKey, way: hooks::Direction, failed: Option<ErrorKind>) {
        let attempt = Event::SourceTry {
            source: source.to_bits(),
            direction: way.into(),
            result: match failed {
                None => Attempt::Done,
                Some(ErrorKind::WouldBlock) => Attempt::WouldBlock,
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

/// Returns the tasks of the turn that have not ended since they were woken.
fn this_turn(runtime: &Runtime) -> Vec<TaskKey> {
    let ready = runtime.ready.borrow();
    let is_alive = |task: &&TaskKey| !runtime.has_ended(**task);
    ready.turn().iter().filter(is_alive).copied().collect()
}
