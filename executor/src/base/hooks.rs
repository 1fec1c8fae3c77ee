//! Event hooks: how the core reports what happens.
//!
//! A subscriber implements [`Hook`] and overrides the methods it needs. A
//! trait, not an enum: subscribers that want three kinds of events (the
//! watchdog, the deadlock report) implement three methods, and the recorder's
//! public event type can live in another crate without a twin in the core.
//!
//! **Invariant:** while no hook subscribes, the interest mask is 0, and each
//! call site costs one load and one branch that always goes the same way.
//! Subscribers see events in the order in which they happen, and none that
//! they cause themselves.
//!
//! Emitted by every layer up to `runner`; subscribed to by `observe`.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::panic::Location;
use std::rc::Rc;

use super::clock::Nanos;
use super::error::JoinError;
use super::slab::{JobKey, SourceKey, TaskKey, TimerKey};

/// A set of event kinds.
pub(crate) type Interest = u32;

/// The begin and end of runs and turns.
pub(crate) const RUN: Interest = 1 << 0;
/// Spawns, cancels and ends of tasks.
pub(crate) const TASK: Interest = 1 << 1;
/// Polls of tasks.
pub(crate) const POLL: Interest = 1 << 2;
/// Polls of futures inside a combinator.
pub(crate) const CHILD: Interest = 1 << 3;
/// Wakes, and pushes to the ready queue.
pub(crate) const WAKE: Interest = 1 << 4;
/// Waits for tasks and locks.
pub(crate) const WAIT: Interest = 1 << 5;
/// Timers.
pub(crate) const TIMER: Interest = 1 << 6;
/// Parks.
pub(crate) const PARK: Interest = 1 << 7;
/// Messages from other threads.
pub(crate) const INBOX: Interest = 1 << 8;
/// Sockets and pipes.
pub(crate) const SOURCE: Interest = 1 << 9;
/// Calls on thread pools.
pub(crate) const JOB: Interest = 1 << 10;
/// Prints and marks.
pub(crate) const PRINT: Interest = 1 << 11;

/// Which way data moves through a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// What the poller reported of a source.
#[derive(Clone, Copy)]
pub(crate) struct Readiness {
    pub(crate) source: SourceKey,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) closed: bool,
}

/// How a task, or a run, ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Returned,
    Cancelled,
    Panicked,
}

/// A subscriber. Each method has an empty default.
#[allow(unused_variables, reason = "the defaults do nothing")]
pub(crate) trait Hook {
    /// Returns the kinds of events that the subscriber wants now; 0 removes it.
    fn interest(&self) -> Interest;

    fn run_start(&self) {}
    fn run_end(&self, how: Ending) {}
    fn loop_close(&self) {}
    fn loop_closed(&self) {}
    fn turn_start(&self) {}

    /// A task exists. `refused`: a closing loop or scope finished it at once.
    fn task_spawn(&self, task: TaskKey, refused: bool) {}
    fn task_cancel(&self, task: TaskKey) {}
    fn task_end(&self, task: TaskKey, how: Ending, error: Option<&JoinError>) {}

    fn poll_start(&self, task: TaskKey) {}
    /// `how` is `None` if the task is pending. `registered`: a part of the
    /// runtime recorded the task as its waiter. `clones`: how many clones of the
    /// task's waker exist.
    fn poll_end(&self, task: TaskKey, how: Option<Ending>, registered: bool, clones: usize) {}
    fn child_poll(&self, child: usize) {}
    fn child_done(&self, child: usize) {}

    /// A wake. `queued` is `Some(true)` if it queued the task, `Some(false)` if
    /// the task was queued before, `None` if the task has ended.
    fn wake(&self, task: TaskKey, queued: Option<bool>) {}
    /// A new task went to the ready queue, or to the woken list of its scope.
    fn first_push(&self, task: TaskKey) {}

    /// `by` is about to wait for the end of `task`.
    fn join_wait(&self, task: TaskKey, by: Option<TaskKey>) {}
    fn join_wait_end(&self, task: TaskKey, by: Option<TaskKey>) {}
    /// A task is about to wait for a lock, a semaphore, an event or a queue.
    fn sync_wait(&self) {}

    fn timer_add(&self, timer: TimerKey, task: Option<TaskKey>, deadline: Nanos) {}
    fn timer_move(&self, timer: TimerKey, deadline: Nanos) {}
    fn timer_fire(&self, timer: TimerKey) {}
    fn timer_cancel(&self, timer: TimerKey) {}

    fn park_start(&self, until: Option<Nanos>) {}
    /// `io`: the poller reported a source.
    fn park_end(&self, io: bool) {}

    fn inbox_drained(&self, messages: usize) {}
    /// The next message of the inbox is about to be handled.
    fn inbox_message(&self) {}

    fn source_add(&self, source: SourceKey, kind: &'static str, peer: Option<SocketAddr>) {}
    fn source_remove(&self, source: SourceKey) {}
    fn source_wait(&self, source: SourceKey, way: Direction, task: Option<TaskKey>) {}
    fn source_wait_end(&self, source: SourceKey, way: Direction) {}
    fn source_ready(&self, readiness: Readiness) {}
    fn source_try(&self, source: SourceKey, way: Direction, failed: Option<std::io::ErrorKind>) {}

    fn job_submit(&self, job: JobKey, task: Option<TaskKey>, site: &'static Location<'static>) {}
    fn job_end(&self, job: JobKey) {}
    fn job_cancel(&self, job: JobKey) {}

    fn print(&self, text: &str) {}
}

/// The subscribers of one loop, and their joint interest.
#[derive(Default)]
pub(crate) struct Hooks {
    interest: Cell<Interest>,
    subscribers: RefCell<Vec<Rc<dyn Hook>>>,
    /// The call site of the event that is being reported.
    site: Cell<Option<&'static Location<'static>>>,
}

impl Hooks {
    pub(crate) fn subscribe(&self, subscriber: Rc<dyn Hook>) {
        let interest = self.interest.get() | subscriber.interest();
        self.subscribers.borrow_mut().push(subscriber);
        self.interest.set(interest);
    }

    /// Returns whether a subscriber wants any of these kinds. With `--cfg
    /// executor_unwatched` the answer is a constant, which compiles every call
    /// site away: how the cost of hooks is measured (see CONTRIBUTING.md).
    #[inline]
    pub(crate) fn wants(&self, kinds: Interest) -> bool {
        !cfg!(executor_unwatched) && self.interest.get() & kinds != 0
    }

    /// Reports an event to the subscribers that want its kind.
    ///
    /// Pass a `move` closure: what a closure borrows has to be in memory,
    /// whether or not the closure is ever called.
    #[inline]
    #[track_caller]
    pub(crate) fn emit(&self, kind: Interest, call: impl Fn(&dyn Hook)) {
        if self.wants(kind) {
            self.dispatch(kind, call, Location::caller());
        }
    }

    /// The subscribers are out of the list while they run, so an event that
    /// one of them causes is not reported.
    #[cold]
    #[inline(never)]
    fn dispatch(&self, kind: Interest, call: impl Fn(&dyn Hook), site: &'static Location<'static>) {
        let mut subscribers = self.subscribers.take();
        self.site.set(Some(site));
        for subscriber in subscribers.iter().filter(|it| it.interest() & kind != 0) {
            call(&**subscriber);
        }
        subscribers.append(&mut self.subscribers.borrow_mut());
        subscribers.retain(|it| it.interest() != 0);
        let interest = subscribers.iter().fold(0, |all, it| all | it.interest());
        self.subscribers.replace(subscribers);
        self.interest.set(interest);
    }

    /// Returns the line of the runtime that reports the current event.
    pub(crate) fn site(&self) -> &'static Location<'static> {
        self.site.get().unwrap_or(Location::caller())
    }
}
