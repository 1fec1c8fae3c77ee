//! Runtime: the parts of one loop, and the thread-local way to them.
//!
//! Each part is in a cell of its own, so a borrow of one never blocks another.
//! **Invariant:** no borrow is held while foreign code runs: not across a poll,
//! a hook, a wake through a foreign waker, or the drop of a future, an output
//! or a waker.
//!
//! Created by `run` and `runner`; found through [`Runtime::current`].

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use super::poll::PollState;
use super::ready::ReadyQueue;
use super::task::Task;
use super::waker::TaskWaker;
use crate::base::clock::Clock;
use crate::base::hooks::{Hook, Hooks, Interest};
use crate::base::inbox::{Inbox, Message};
use crate::base::rng::Rng;
use crate::base::slab::{JobKey, Slab, TaskKey, kind};
use crate::base::sys::unmodelled::AtomicU64;
use crate::base::sys::{Arc, Ordering, thread_local};
use crate::base::task_info::{TaskInfo, Wait};
use crate::base::timers::TimerHeap;
use crate::base::waiter::Waiter;
use crate::driver::park::Driver;

thread_local! {
    /// Empty whenever no loop runs, so there is nothing to drop when the thread
    /// exits, destructors of other thread-locals can still use it, and an
    /// access needs no check.
    static CURRENT: ManuallyDrop<RefCell<Option<Rc<Runtime>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };

    /// The loops of this thread's runners.
    static RUNNERS: RefCell<Vec<Weak<Runtime>>> = const { RefCell::new(Vec::new()) };
}

/// The parts of one loop.
#[derive(Default)]
pub(crate) struct Runtime {
    pub(crate) tasks: RefCell<Slab<kind::Task, Task>>,
    /// How many tasks were added.
    pub(crate) spawned: Cell<u64>,
    pub(crate) ready: RefCell<ReadyQueue>,
    /// By task that another task polls.
    pub(crate) routes: RefCell<HashMap<TaskKey, Rc<dyn Route>>>,
    pub(crate) poll: PollState,
    /// The waker for tasks without one of their own, while no run uses it.
    pub(crate) spare_waker: Cell<Option<TaskWaker>>,
    pub(crate) timers: RefCell<TimerHeap>,
    pub(crate) driver: Driver,
    pub(crate) jobs: Jobs,
    /// The waits of `Cancelled` futures, by task; each wait has a number.
    pub(crate) cancel_listeners: RefCell<HashMap<TaskKey, Vec<(u64, Waiter)>>>,
    pub(crate) wait_points: RefCell<WaitPoints>,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    pub(crate) hooks: Rc<Hooks>,
    pub(crate) settings: Settings,
    /// 0 until the first call of [`id`](Self::id).
    pub(crate) id: Cell<u64>,
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
    /// handle. The other tasks are dropped when the runner is closed. For
    /// tests, which should notice when a background task dies.
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
    /// Lists which tasks of this loop wait for it.
    fn waits(&self, runtime: &Runtime, add: &mut dyn FnMut(TaskKey, Wait));
}

/// The wait points of a loop.
#[derive(Default)]
pub(crate) struct WaitPoints {
    pub(crate) points: Vec<Weak<dyn WaitPoint>>,
    /// With more points than this, dropped ones are removed.
    pub(crate) sweep_above: usize,
}

/// A call on a thread pool, as the loop sees it.
pub(crate) trait Job: Send + Sync {
    /// Runs the call on the current thread, unless it was abandoned.
    fn run(&self);
    /// Drops the call if it has not started. A started call cannot be stopped;
    /// its result will be dropped.
    fn abandon(&self) -> Started;
}

/// Whether a job had started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Started {
    No,
    Yes,
}

/// The threads behind `to_thread`, as the end of a loop sees them.
pub(crate) trait Pool {
    fn submit(&self, job: Arc<dyn Job>) -> std::io::Result<()>;
    /// Waits for the threads to end. They must be idle, or this waits for their
    /// jobs.
    fn join(self: Box<Self>);
}

/// Thread jobs that the loop waits for. A job stays in the table until its end
/// has reached the loop, whether or not a task still awaits it.
#[derive(Default)]
pub(crate) struct Jobs {
    pub(crate) pending: RefCell<Slab<kind::Job, PendingJob>>,
    /// The pool behind `to_thread`, from the first call on.
    pub(crate) pool: RefCell<Option<Box<dyn Pool>>>,
}

pub(crate) struct PendingJob {
    pub(crate) job: Arc<dyn Job>,
    /// The task that awaits it.
    pub(crate) waiter: Waiter,
    pub(crate) site: &'static Location<'static>,
    pub(crate) since: Instant,
}

impl Jobs {
    /// Returns whether a job has not ended. While one has not, a virtual clock
    /// stands still and nothing is a stall.
    pub(crate) fn is_any_pending(&self) -> bool {
        self.pending.borrow().len() > 0
    }

    pub(crate) fn remove(&self, key: JobKey) -> Option<PendingJob> {
        self.pending.borrow_mut().remove(key)
    }
}

/// The crate root implements this for [`Composition`]: it connects observers to
/// the loop, which does not import them.
pub(crate) trait Compose {
    /// What a builder stores for the observers.
    type Options: Default;

    /// Subscribes observers to a loop before its first run, as the options and
    /// the environment ask.
    fn observe(runtime: &Rc<Runtime>, options: Self::Options);

    /// Returns a text about the deadlock among the tasks of a stalled loop.
    fn explain_stall(tasks: &[TaskInfo]) -> Option<String>;
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
    pub(crate) fn expect_current(who: &str) -> Rc<Runtime> {
        match Self::current() {
            Some(runtime) => runtime,
            None => no_loop(who),
        }
    }

    /// Returns this loop's id. Assigned at the first call, because most runs
    /// never need it.
    pub(crate) fn id(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        if self.id.get() == 0 {
            self.id.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        self.id.get()
    }

    /// Lets [`find`](Self::find) find this loop while it does not run: for a
    /// `Runner`, which lives on between its runs.
    pub(crate) fn register(self: &Rc<Self>) {
        // A thread that exits registers nothing more.
        let _ = RUNNERS.try_with(|runners| {
            let mut runners = runners.borrow_mut();
            runners.retain(|runner| runner.strong_count() > 0);
            runners.push(Rc::downgrade(self));
        });
    }

    /// Returns the loop with this id, if it lives on this thread: for
    /// destructors, which may run while it does not.
    pub(crate) fn find(id: u64) -> Option<Rc<Runtime>> {
        let is_it = |runtime: &Rc<Runtime>| runtime.id.get() == id;
        let find_runner = |runners: &RefCell<Vec<Weak<Runtime>>>| {
            let runners = runners.borrow();
            runners.iter().filter_map(Weak::upgrade).find(is_it)
        };
        let running = Runtime::current().filter(is_it);
        running.or_else(|| RUNNERS.try_with(find_runner).ok().flatten())
    }
}

#[cold]
#[track_caller]
fn no_loop(who: &str) -> ! {
    panic!(
        "{who} needs a running loop, and none runs on this thread: call it from a future that \
         `executor::run(..)` runs, or, from another thread, through an `executor::Handle`"
    )
}

/// The loop is this thread's while this lives.
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
