//! Runtime: the parts of one loop, and their thread-local lookup.
//!
//! Each part is in a cell of its own, so a borrow of one never blocks another.
//! **Invariant:** no borrow is held while foreign code runs: not across a poll,
//! a hook, a wake through a foreign waker, or the drop of a future, an output
//! or a waker.
//!
//! Created by `run` and `runner`; found through [`Runtime::current`].

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::mem::ManuallyDrop;
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::poll::PollState;
use super::ready::ReadyQueue;
use super::task::{Stop, Task};
use super::waker::TaskWaker;
use crate::base::clock::Clock;
use crate::base::error::RunError;
use crate::base::hooks::{Hook, Hooks, Interest};
use crate::base::inbox::{Inbox, Message};
use crate::base::loop_id::LoopId;
use crate::base::nesting::Nesting;
use crate::base::rng::Rng;
use crate::base::slab::{JobKey, Slab, TaskKey, kind};
use crate::base::sys::{self, Arc, thread_local};
use crate::base::task_info::Wait;
use crate::base::timers::TimerHeap;
use crate::base::waiter::Waiter;
use crate::driver::park::Driver;

thread_local! {
    /// Empty whenever no loop runs, so there is nothing to drop when the thread
    /// exits, destructors of other thread-locals can still use it, and an
    /// access needs no check.
    static CURRENT: ManuallyDrop<RefCell<Option<Rc<Runtime>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// The parts of one loop.
#[derive(Default)]
pub(crate) struct Runtime {
    pub(crate) tasks: RefCell<Slab<{ kind::TASK }, Task>>,
    /// How many tasks were added.
    pub(crate) spawned: Cell<u64>,
    pub(crate) ready: RefCell<ReadyQueue>,
    /// By task that another task polls.
    pub(crate) routes: RefCell<HashMap<TaskKey, Rc<dyn Route>>>,
    pub(crate) poll: PollState,
    /// The tasks whose destructors end other tasks.
    pub(crate) ends: Nesting<TaskKey>,
    /// The waker for tasks without one of their own, while no run uses it.
    pub(crate) spare_waker: Cell<Option<TaskWaker>>,
    pub(crate) timers: RefCell<TimerHeap>,
    pub(crate) driver: Driver,
    /// Set by the first thread job.
    pub(crate) jobs: OnceCell<Rc<dyn Jobs>>,
    /// The waits of `Cancelled` futures, by task.
    pub(crate) cancel_listeners: RefCell<HashMap<TaskKey, Slab<{ kind::WAIT }, Waiter>>>,
    pub(crate) wait_points: RefCell<Vec<Weak<dyn WaitPoint>>>,
    pub(crate) waker_sets: RefCell<Vec<sys::Weak<dyn WakerSet>>>,
    /// The addresses of the remote handles that tasks of this loop have polled since
    /// it last had nothing to do; `None` unless it asked them to.
    pub(crate) handles_at_home: Cell<Option<HashSet<usize>>>,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    pub(crate) hooks: Hooks,
    pub(crate) settings: Settings,
    /// Whether a panic ends the run; see `tasks`.
    pub(crate) stop: Cell<Stop>,
    pub(crate) id: LoopId,
    /// Whether tasks are being dropped and new ones refused.
    pub(crate) closing: Cell<bool>,
    /// Messages that were drained and not handled yet.
    pub(crate) messages: RefCell<VecDeque<Message>>,
}

/// What the builder of a `Runner` may choose.
#[derive(Clone, Copy, Default)]
pub(crate) struct Settings {
    pub(crate) virtual_time: bool,
    pub(crate) seed: Option<u64>,
    pub(crate) shutdown_timeout: Option<Duration>,
    /// `None` is one second.
    pub(crate) stall_timeout: Option<Duration>,
    pub(crate) on_panic: OnPanic,
}

/// What a loop does when a spawned task panics (tokio: `UnhandledPanic`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnPanic {
    /// The panic stays in the task: its handle gives it, and it is reported on
    /// stderr if no handle reads it. The loop continues.
    #[default]
    Log,
    /// The panic comes out of `run` at once, whether or not the task has a
    /// handle; the handle then has a copy of its text. The other tasks are dropped
    /// when the runner is closed. For tests, which should notice when a background
    /// task dies.
    ///
    /// So do the panics of destructors: of cancelled futures, of outputs that
    /// no handle read, of context variables. Of several panics the first comes
    /// out, and the others are reported. What panics while the runner closes is
    /// as with `Log`.
    Stop,
}

/// The destination of the wakes of a task that another task polls.
pub(crate) trait Route {
    /// Records that the task was woken; returns the party to wake in its place,
    /// unless that was done since it last looked.
    fn woken(&self, task: TaskKey) -> Option<Waiter>;
}

/// Something outside the core that tasks wait for: a lock, a scope, the
/// sockets of the loop.
pub(crate) trait WaitPoint {
    /// Lists the waiters of this loop, and what each waits for.
    fn waits(&self, runtime: &Runtime, add: &mut dyn FnMut(&Waiter, Wait));
}

/// A set of futures whose members have wakers of their own, which wake the
/// waiter of the set. Wakers are told apart by their data.
pub(crate) trait WakerSet: Send + Sync {
    /// Returns the waker that the members wake; `None` once one has.
    fn waiter(&self) -> Option<*const ()>;
    /// Calls `f` with the waker of each member that kept clones, and their number,
    /// until it returns `true`; returns whether it did.
    fn any_waker(&self, f: &mut dyn FnMut(*const (), usize) -> bool) -> bool;
}

/// The thread jobs of a loop, as the loop sees them. `blocking` installs them
/// with the first job.
pub(crate) trait Jobs {
    /// Returns whether a job has not ended. While one has not, a virtual clock
    /// does not advance and nothing is a stall.
    fn is_any_pending(&self) -> bool;
    /// Removes a job that has ended, and wakes the task that awaits it.
    fn end(&self, runtime: &Runtime, job: JobKey);
    /// Drops the jobs that no thread has started, and waits for the others as
    /// long as the settings allow.
    fn close(&self, runtime: &Runtime);

    fn as_any(self: Rc<Self>) -> Rc<dyn Any>;
}

/// The crate root implements this for [`Composition`]: it connects observers to
/// the loop, which does not import them.
pub(crate) trait Compose {
    /// What a builder stores for the observers.
    type Options: Default;

    /// Subscribes observers to a loop before its first run, as the options and
    /// the environment ask.
    fn observe(runtime: &Rc<Runtime>, options: Self::Options);

    /// Returns whether a loop that has nothing to do has stalled for certain:
    /// neither another thread nor the holder of a waker can wake a task. May wake
    /// tasks to find out; `handles_at_home` is what came of that the last time.
    fn is_stall_certain(runtime: &Runtime, handles_at_home: Option<HashSet<usize>>) -> bool;

    /// Returns the error of a stalled loop, with its tasks and the deadlock
    /// among them.
    fn explain_stall(runtime: &Runtime, is_certain: bool) -> RunError;
}

/// See [`Compose`].
pub(crate) struct Composition;

/// See [`Compose::Options`].
pub(crate) type ObserveOptions = <Composition as Compose>::Options;

impl Runtime {
    pub(crate) fn new(settings: Settings) -> Rc<Self> {
        Rc::new(Runtime {
            clock: Clock::new(settings.virtual_time),
            rng: Rng::new(settings.seed),
            settings,
            ..Runtime::default()
        })
    }

    /// Reports an event; see [`Hooks::emit`].
    #[inline]
    #[track_caller]
    pub(crate) fn emit(&self, kind: Interest, call: impl Fn(&dyn Hook)) {
        self.hooks.emit(kind, call);
    }

    pub(crate) fn has_jobs(&self) -> bool {
        self.jobs.get().is_some_and(|jobs| jobs.is_any_pending())
    }

    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        self.driver.inbox()
    }

    /// Makes this the thread's loop until the guard drops; `None` if the thread
    /// has one already.
    pub(crate) fn enter(self: &Rc<Self>) -> Option<Entered> {
        let is_free = CURRENT.with(|current| current.borrow().is_none());
        is_free.then(|| self.enter_over())
    }

    /// Makes this the thread's loop in place of one that may be running; for
    /// the end of a loop, which may come while another one runs.
    pub(crate) fn enter_over(self: &Rc<Self>) -> Entered {
        Entered {
            outer: CURRENT.with(|current| current.replace(Some(Rc::clone(self)))),
        }
    }

    /// Calls `f` with the loop that runs on this thread, if one does.
    #[inline]
    pub(crate) fn with<R>(f: impl FnOnce(&Rc<Runtime>) -> R) -> Option<R> {
        CURRENT.with(|current| current.borrow().as_ref().map(f))
    }

    /// Returns the loop that runs on this thread.
    #[inline]
    pub(crate) fn current() -> Option<Rc<Runtime>> {
        Self::with(Rc::clone)
    }

    /// Returns the loop that runs on this thread.
    ///
    /// # Panics
    ///
    /// At the caller's line if none does.
    #[inline]
    #[track_caller]
    pub(crate) fn expect_current(caller: &str) -> Rc<Runtime> {
        match Self::current() {
            Some(runtime) => runtime,
            None => no_loop(caller),
        }
    }

    /// Returns this loop's id.
    pub(crate) fn id(&self) -> u64 {
        let assign = || self.id.assign(self.inbox(), self.clock.is_virtual());
        self.id.get().unwrap_or_else(assign)
    }

    /// Registers a wait point: once for each point and loop, not for each wait.
    #[cold]
    pub(crate) fn register_wait_point(&self, point: Weak<dyn WaitPoint>) {
        let is_alive = |point: &Weak<_>| point.strong_count() > 0;
        push_swept(&mut self.wait_points.borrow_mut(), point, is_alive);
    }

    /// Registers a set of futures: once for each set and loop.
    #[cold]
    pub(crate) fn register_waker_set(&self, set: sys::Weak<dyn WakerSet>) {
        let is_alive = |set: &sys::Weak<_>| set.strong_count() > 0;
        push_swept(&mut self.waker_sets.borrow_mut(), set, is_alive);
    }
}

/// Adds a weak reference, after removing dropped ones if the vector would grow.
fn push_swept<W>(all: &mut Vec<W>, new: W, is_alive: impl FnMut(&W) -> bool) {
    if all.len() == all.capacity() {
        all.retain(is_alive);
        // Twice the rest: each registration pays for two, however many.
        all.reserve(all.len() + 1);
    }
    all.push(new);
}

#[cold]
#[track_caller]
fn no_loop(caller: &str) -> ! {
    panic!(
        "{caller} needs a running loop, and none runs on this thread: call it from a future that \
         `executor::run(..)` runs, or, from another thread, through an `executor::Handle`"
    )
}

/// Makes the loop this thread's current one until it is dropped.
pub(crate) struct Entered {
    outer: Option<Rc<Runtime>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // Moved out first and dropped after the borrow: the last reference to a
        // loop may drop outputs, whose destructors may run any code.
        let outer = self.outer.take();
        let left = CURRENT.with(|current| current.replace(outer));
        if let Some(runtime) = &left {
            runtime.driver.restore_slack();
        }
        drop(left);
    }
}
