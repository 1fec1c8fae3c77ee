//! Who owns what, and how the rest of the house finds it.
//!
//! One [`Runtime`] per running loop. It holds each organ in a cell of its own,
//! so that a borrow of one is never in the way of another. **Invariant:** no
//! borrow is held while code that is not ours runs: not across a poll, a wake
//! of a foreign waker, or the drop of a future, an output or a waker.
//!
//! Made by `run` and `runner`; found through [`Runtime::current`] by every
//! room. The thread-local holds only the way to it, never the data itself.

mod asked;
mod deadlock;
mod lifecycle;
mod listing;
mod nested;
mod outside;
mod polled;
mod recycle;
mod sockets;
mod tell;
mod waits;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem::ManuallyDrop;
use std::num::NonZeroU64;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::sync::OnceLock;
use std::task::RawWakerVTable;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::error::{caught, report};
use crate::pool::{Job, ThreadPool};
use crate::probe::Probe;
use crate::reactor::Reactor;
use crate::ready::{self, Mail, ReadyQueue};
use crate::rng::Rng;
use crate::slab::{Slab, TaskKey, of};
use crate::sys::unmodelled::AtomicU64;
use crate::sys::{Arc, Ordering, TimerSlack, thread_local};
use crate::task::Task;
use crate::timers::TimerQueue;
use crate::waker::{OwnedWaker, Waiter};
use crate::watch::{SLOW_POLL, Watched};
pub(crate) use nested::Nested;
use waits::Waits;
pub(crate) use waits::{Holder, WaitPoint};

/// How many times the leaves of this crate may say "ready" in one poll before
/// they make their task yield. A task whose sockets and queues always have
/// something would otherwise never let the others run. tokio's number: small
/// enough for fairness, large enough that the extra turn does not show.
pub(crate) const BUDGET: u32 = 128;

thread_local! {
    /// Empty whenever no loop runs, so there is nothing to drop when the
    /// thread ends: and what is not dropped can still be used by destructors
    /// of other thread-locals, and needs no check at each access.
    static CURRENT: ManuallyDrop<RefCell<Option<Rc<Runtime>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };

    /// The loops of this thread's runners.
    static RUNNERS: RefCell<Vec<Weak<Runtime>>> = const { RefCell::new(Vec::new()) };
}

/// A loop's belongings.
pub(crate) struct Runtime {
    pub(crate) tasks: RefCell<Slab<of::Task, Task>>,
    pub(crate) ready: Rc<ReadyQueue>,
    pub(crate) timers: RefCell<TimerQueue>,
    /// From the first socket on.
    reactor: RefCell<Option<Reactor>>,
    /// The vector that the reactor puts waiters in, kept for its memory.
    due: Cell<Vec<Waiter>>,
    /// Calls that are with a thread pool.
    pub(crate) jobs: RefCell<Slab<of::Job, PendingJob>>,
    /// The locks and queues that tasks wait for.
    pub(crate) waits: Waits,
    pub(crate) clock: Rc<Clock>,
    pub(crate) probe: Rc<Probe>,
    pub(crate) rng: Rng,
    pub(crate) settings: Settings,
    /// The pool behind `to_thread`, from the first call on.
    default_pool: RefCell<Option<ThreadPool>>,
    /// Who is being polled, and with which waker.
    polled: Cell<Option<TaskKey>>,
    lent: Cell<Option<Lent>>,
    /// Where tasks listen for being asked to stop.
    pub(crate) listeners: RefCell<asked::Listeners>,
    /// Tasks in whose poll another one is being polled: owners of scopes.
    suspended: RefCell<Vec<TaskKey>>,
    /// What is left of [`BUDGET`] in this poll.
    budget: Cell<u32>,
    /// The waker that is lent to tasks which have none of their own, while no
    /// run has it.
    pub(crate) spare_waker: Cell<Option<OwnedWaker>>,
    /// Has a leaf written down the polled task since this was cleared?
    registered: Cell<bool>,
    /// This loop's number in the process, for those who may not hold on to it.
    number: Cell<u64>,
    next_id: Cell<NonZeroU64>,
    phase: Cell<Phase>,
    /// The vector that letters are taken out into, kept for its memory.
    letters: Cell<Vec<Mail>>,
    /// Set while this thread's sleeps are precise.
    precise: Cell<Option<TimerSlack>>,
    /// If other threads may look: the way to what they see.
    watched: Option<Arc<Watched>>,
    /// Does anybody follow each poll? One flag for an instrument, a watcher
    /// and debug mode, so that each place of a poll has one branch for all.
    followed: Cell<bool>,
    /// The process that this loop lives in, once it has slept there.
    process: Cell<Option<u32>>,
}

/// What the builder of a `Runner` may choose.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) virtual_time: bool,
    pub(crate) seed: Option<u64>,
    pub(crate) debug: bool,
    /// In debug mode: how long a poll may take.
    pub(crate) slow_poll: Duration,
    pub(crate) shutdown_timeout: Option<Duration>,
    pub(crate) stall_timeout: Duration,
    pub(crate) on_panic: OnPanic,
}

/// What a loop does when a spawned task panics (tokio: `UnhandledPanic`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnPanic {
    /// The panic stays in the task: it comes out of the task's handle, and is
    /// reported on stderr if nobody ever reads it. The loop goes on.
    #[default]
    Log,
    /// The panic comes out of `run` at once, whoever holds the handle. The
    /// other tasks are dropped when the runner is closed. For tests, where a
    /// dead background task should be seen.
    Stop,
}

/// A call that is with a thread pool.
pub(crate) struct PendingJob {
    pub(crate) job: Arc<dyn Job>,
    /// Who awaits it, if anybody still does.
    pub(crate) waiter: Waiter,
    pub(crate) site: &'static Location<'static>,
    pub(crate) since: Instant,
}

/// What tells a waker from all others, as in std's `Waker::will_wake`.
#[derive(Clone, Copy)]
struct Lent {
    data: *const (),
    vtable: &'static RawWakerVTable,
}

/// How far a loop's life has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Tasks are being dropped; nothing new is taken in.
    Closing,
}

impl Settings {
    /// What a plain `run` goes by.
    pub(crate) fn from_env() -> Self {
        Settings {
            debug: is_debug_asked_for(),
            ..Settings::default()
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            virtual_time: false,
            seed: None,
            debug: false,
            slow_poll: SLOW_POLL,
            shutdown_timeout: None,
            stall_timeout: Duration::from_secs(1),
            on_panic: OnPanic::Log,
        }
    }
}

// ---- finding it -----------------------------------------------------------

impl Runtime {
    pub(crate) fn new(settings: Settings) -> Rc<Self> {
        let clock = Rc::new(Clock::new(settings.virtual_time));
        let probe = Rc::new(Probe::new(Rc::clone(&clock)));
        let ready = Rc::new(ReadyQueue::new(Rc::clone(&probe)));
        let slow_poll = settings.debug.then_some(settings.slow_poll);
        let watched = Watched::new(slow_poll, || outside::asker(ready.mailbox()));
        let runtime = Runtime {
            tasks: RefCell::default(),
            ready,
            timers: RefCell::default(),
            reactor: RefCell::default(),
            due: Cell::default(),
            jobs: RefCell::default(),
            waits: Waits::default(),
            clock,
            probe,
            rng: Rng::new(settings.seed),
            settings,
            default_pool: RefCell::default(),
            polled: Cell::new(None),
            lent: Cell::new(None),
            listeners: RefCell::default(),
            suspended: RefCell::default(),
            budget: Cell::new(BUDGET),
            spare_waker: Cell::new(None),
            registered: Cell::new(false),
            number: Cell::new(0),
            next_id: Cell::new(NonZeroU64::MIN),
            phase: Cell::new(Phase::Open),
            letters: Cell::default(),
            precise: Cell::new(None),
            followed: Cell::new(false),
            watched,
            process: Cell::new(None),
        };
        runtime.followed.set(runtime.is_followed_from_the_start());
        Rc::new(runtime)
    }

    /// Makes this the thread's loop until the guard is dropped; `None` if the
    /// thread has one already.
    pub(crate) fn enter(self: &Rc<Self>) -> Option<Entered> {
        let is_free = CURRENT.with(|current| current.borrow().is_none());
        is_free.then(|| self.enter_over())
    }

    /// The same, in the place of a loop that the thread may have. Only for
    /// the end of a loop, which may come while another one runs.
    pub(crate) fn enter_over(self: &Rc<Self>) -> Entered {
        Entered {
            outer: CURRENT.with(|current| current.replace(Some(Rc::clone(self)))),
            outer_queue: ready::enter(Some(Rc::clone(&self.ready))),
        }
    }

    /// This loop's number: no other loop of the process has it. Given out at
    /// the first question, because most runs never ask.
    pub(crate) fn number(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        if self.number.get() == 0 {
            self.number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        self.number.get()
    }

    /// Lets [`find`](Self::find) find this loop while another runs, or none:
    /// for a `Runner`, which lives on between its runs.
    pub(crate) fn register(self: &Rc<Self>) {
        // A thread that exits registers nothing more.
        let _ = RUNNERS.try_with(|runners| {
            let mut runners = runners.borrow_mut();
            runners.retain(|runner| runner.strong_count() > 0);
            runners.push(Rc::downgrade(self));
        });
    }

    /// The loop with this number, if it lives on this thread: for destructors,
    /// which may run while it stands still.
    pub(crate) fn find(number: u64) -> Option<Rc<Runtime>> {
        let is_it = |runtime: &Rc<Runtime>| runtime.number.get() == number;
        let running = Runtime::current().filter(is_it);
        running.or_else(|| {
            RUNNERS
                .try_with(|runners| {
                    runners
                        .borrow()
                        .iter()
                        .filter_map(Weak::upgrade)
                        .find(is_it)
                })
                .ok()
                .flatten()
        })
    }

    /// Does something with the loop that runs on this thread, if one does.
    #[inline]
    pub(crate) fn with<R>(f: impl FnOnce(&Rc<Runtime>) -> R) -> Option<R> {
        CURRENT.with(|current| current.borrow().as_ref().map(f))
    }

    /// The loop that runs on this thread.
    #[inline]
    pub(crate) fn current() -> Option<Rc<Runtime>> {
        Self::with(Rc::clone)
    }

    /// The same, for those who cannot go on without one.
    ///
    /// # Panics
    ///
    /// At the caller's line if no loop runs on this thread.
    #[inline]
    #[track_caller]
    pub(crate) fn expect_current(who: &str) -> Rc<Runtime> {
        match Self::current() {
            Some(runtime) => runtime,
            None => no_loop(who),
        }
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
    outer_queue: Option<Rc<ReadyQueue>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        ready::enter(self.outer_queue.take());
        // Out first, dropped after the borrow: the last reference to a loop
        // may drop outputs, which are somebody's code.
        let outer = self.outer.take();
        let left = CURRENT.with(|current| current.replace(outer));
        if let Some(runtime) = &left {
            runtime.precise.take();
        }
        drop(left);
    }
}

/// Does the environment ask for debug mode? Looked at once per process: a look
/// costs more than a whole empty run.
fn is_debug_asked_for() -> bool {
    static ASKED: OnceLock<bool> = OnceLock::new();
    *ASKED.get_or_init(|| std::env::var_os("EXECUTOR_DEBUG").is_some_and(|value| value != "0"))
}

/// Runs somebody's code that the loop must survive; a panic is reported.
pub(crate) fn contain(whose: impl fmt::Display, code: impl FnOnce()) {
    if let Err(text) = caught(code) {
        report_panic(&whose, &text);
    }
}

#[cold]
fn report_panic(whose: &dyn fmt::Display, text: &str) {
    report(format_args!("{whose} panicked: {text}"));
}
