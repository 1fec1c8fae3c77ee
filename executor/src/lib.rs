//! A single-threaded async runtime with asyncio's vocabulary, in safe Rust: a
//! small core, and everything else behind features.
//!
//! # Example
//!
//! ```
//! use executor::{gather, run, sleep};
//! use std::time::Duration;
//!
//! async fn fetch_data(source: &str) -> String {
//!     executor::println!("Fetching from {source}...");
//!     sleep(Duration::from_millis(20)).await; // stands for some I/O
//!     format!("Data from {source}")
//! }
//!
//! run(async {
//!     let all = gather((fetch_data("API 1"), fetch_data("API 2"), fetch_data("API 3")));
//!     let (one, two, three) = all.await; // 20 ms, not 60
//!     for result in [one, two, three] {
//!         executor::println!("{result}");
//!     }
//! });
//! ```
//!
//! Import names one by one. With `use executor::*`, a plain `println!` is
//! ambiguous: the compiler cannot choose between std's macro and
//! [`executor::println!`](crate::println!).
//!
//! # The names
//!
//! | asyncio | this crate |
//! |---|---|
//! | `asyncio.run(main())` | [`run`], [`try_run`] |
//! | `asyncio.Runner` | [`Runner`] |
//! | `create_task(c, name=..)` | [`spawn`], [`spawn_named`] → [`JoinHandle`] |
//! | `Task.cancel()` | [`JoinHandle::cancel`], [`JoinHandle::cancel_on_drop`], [`JoinHandle::cancel_within`] |
//! | `sleep(s)`, `sleep(0)` | [`sleep`], [`sleep_until`], [`yield_now`], [`interval`] |
//! | `loop.time()` | [`now`] |
//! | `current_task()`, `all_tasks()` | [`current_task`], [`tasks`] |
//! | `gather(..)` | [`gather`], [`try_gather`] |
//! | `wait(.., FIRST_COMPLETED)`, `as_completed` | [`race`], [`as_completed`] |
//! | `timeout(s)`, `wait_for` | [`timeout`], [`timeout_at`] |
//! | `to_thread(f)` | [`to_thread`] |
//! | `loop.run_in_executor(pool, f)` | [`ThreadPool`], [`run_in_executor`] |
//! | `call_soon_threadsafe`, `run_coroutine_threadsafe` | [`Handle`] → [`RemoteHandle`] |
//! | `contextvars.ContextVar` | [`ContextVar`] |
//! | `TaskGroup` | [`scope`], [`try_scope`] |
//! | `Lock`, `Semaphore`, `Event`, `Queue` | [`sync`] |
//! | streams, `start_server`, datagram endpoints | [`net`] |
//! | stdin, signals, subprocesses | [`io::stdin_lines`], [`signal`], [`process`] |
//! | `print_call_graph()` | [`print_task_tree`] |
//!
//! # Differences from asyncio
//!
//! The documentation of each item names its own. The ones that matter most:
//!
//! - A task cannot catch a cancel. Its future is dropped, and only destructors
//!   run.
//! - Awaiting a handle gives a `Result`: the output, or a [`JoinError`] that
//!   names the task and the line that spawned it.
//! - [`try_gather`] drops the siblings of a failed future before it returns the
//!   error; asyncio leaves them running.
//! - [`timeout`] with a duration of zero polls its future once, or once more if
//!   the budget of the poll was spent.
//!
//! # The budget of a poll
//!
//! What is ready at once (a finished handle, a free permit, an item of a queue, a
//! socket with data) could keep a task in one poll forever. So the futures of this
//! crate may complete 128 times in a poll; the next one is `Pending`, wakes its
//! task, and the other tasks have their turns. A combinator, a timeout or a scope
//! that completes counts once, unless a future inside it has counted. A
//! [`timeout`] does not take such a `Pending` for "not ready".
//!
//! The budget belongs to the poll of the loop's task, so an executor of another
//! kind that blocks inside a task never gets a new one: in a task,
//! `futures::executor::block_on` of more than what is left of the budget spins
//! without end (and it blocks the loop, so nothing that needs the loop can
//! happen). Await the future instead, or block on a thread:
//! `to_thread(|| executor::run(..))`. Outside of polls, and in destructors that a
//! cancel runs, there is no budget.
//!
//! # Features
//!
//! Without features the crate is its core: loops, tasks, time, combinators,
//! thread calls, handles for other threads and context variables. All features
//! but `hyper` are on by default.
//!
//! | feature | adds |
//! |---|---|
//! | `scope` | [`scope`], [`try_scope`]: tasks that borrow |
//! | `sync` | [`sync`]: locks, semaphores, events and queues |
//! | `net` | [`net`]: TCP, UDP and Unix sockets, names, [`net::serve`] |
//! | `os` | [`process`] and [`signal`] (Unix), [`io`] |
//! | `observe` | [`task_tree`], [`instrument`], [`Builder::debug`], the environment variables `EXECUTOR_DEBUG`, `EXECUTOR_PS`, `EXECUTOR_TRACE` and `EXECUTOR_TIMELINE`, the program `executor-ps`, and the deadlock in the text of a stall |
//! | `testing` | [`testing`]; enables `observe` |
//! | `hyper` | `executor::hyper`: hyper and axum on this runtime; enables `net` |
//!
//! A variable that is empty or `0` counts as not set. A switch with another
//! value than `1` is on, and one line on stderr names it. Without `observe`, a
//! program with one of these variables set prints one line that says why it has
//! no effect.
//!
//! # Testing
//!
//! With [virtual time](Builder::virtual_time) a program's sleeps take no time
//! and are exact to the nanosecond. A [seed](Builder::seed) varies the order in
//! which tasks run, and the same seed gives the same order again, in programs
//! without sockets, child processes, signals and other threads.
//! [`testing::explore`] runs a program under many seeds and names the first that
//! fails.
//!
//! # The source
//!
//! Begin with `event_loop/run.rs`: what a turn is, when the loop parks, and the
//! one place that polls a task. Its `use` lines lead to the rest of the core.
//! The file beside each directory says in a paragraph what the directory
//! contains and what it may import.
//!
//! A directory imports only from itself and from those listed before it, so it
//! can be read without those that follow; `tests/architecture.rs` checks that.
//!
//! | layer | directory | files |
//! |---|---|---|
//! | 0 | `base`: data without a loop | `slab`, `clock`, `rng`, `sys`, `waiter`, `nesting`, `timers`, `hooks`, `inbox`, `loop_id`, `printable`, `task_info`, `wait_text`, `error` |
//! | 0 | `driver`: everything that blocks the thread | `park`, `fork`, `waiters`, `token`, `reactor` |
//! | 0 | `event_loop`: the loop and its tasks | `run`, `look`, `task`, `waker`, `ready`, `wake`, `poll`, `tasks`, `context`, `runtime`, `recycle`, `shutdown` |
//! | 1 | `spawn`: tasks as users see them | `handle`, `cancel_on_drop`, `listing`, `yield_now`, `context_var`, `print` |
//! | 1 | `time`: the clock, and what waits for it | `sleep`, `timeout`, `interval`, `cancelled` |
//! | 1 | `combine`: several futures in one task | `set`, `list`, `gather`, `try_gather`, `race`, `as_completed` |
//! | 1 | `blocking`: calls on threads | `pool`, `jobs`, `to_thread`, `run_in_executor`, `cancel_check` |
//! | 1 | `runner`: loops that run more than once | `runner`, `builder`, `background`, `remote`, `answer`, `counted` |
//! | 2 | `scope`: tasks that borrow | `scope`, `nursery`, `handle` |
//! | 2 | `sync`: locks and queues | `lock`, `semaphore`, `event`, `queue`, `permits`, `waiters`, `wait_list` |
//! | 2 | `net`: sockets | `source`, `stream_io`, `accept`, `tcp`, `udp`, `unix`, `addrs`, `lookup`, `serve`, `descriptors` |
//! | 2 | `os`: the operating system | `process`, `signal`, `stdin` |
//! | 3 | `observe`: subscribers of the hooks | `attach`, `environment`, `instrument`, `interest`, `events`, `mark`, `tracer`, `recording`, `tree`, `deadlock`, `deadlock_report`, `unwakeable`, `polling`, `watchdog`, `ps_server`, `ps` |
//! | 3 | `testing`: for tests | `explore`, `by_hand` |
//!
//! This file is the composition root: it alone connects `observe` to the loop.
//! `hyper` uses the public API only. The crate [`loop_trace`] has the format of
//! recordings and everything that reads them.
//!
//! | part | size |
//! |---|---|
//! | `run`, `spawn`, `sleep`, `timeout`, `gather`, `to_thread`: the six functions with their imports | 3,787 lines of code in 33 files |
//! | the six functions with all methods of what they import | 4,412 lines of code in 38 files |
//! | `run` with its imports | 2,203 lines of code in 24 files |
//! | `run` with all methods of what it imports | 2,790 lines of code in 28 files |
//! | one poll, from the ready queue to the next turn | 1,500 lines of code in 14 files |
//! | the build without features | 6,014 lines of code in 64 files and 13 crates |
//!
//! Lines of code leave out comments, blank lines and tests;
//! `tests/architecture.rs` counts them.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(feature = "default"),
    allow(dead_code, reason = "the core also has what the features use")
)]
// Layer 0: the core.
mod base;
mod driver;
mod event_loop;
// Layer 1: what every program may use.
mod spawn;
mod time;
mod combine;
mod blocking;
mod runner;

use std::collections::HashSet;
use std::rc::Rc;

use event_loop::runtime::{Compose, Composition, Runtime};

pub use base::error::{JoinError, RunError};
pub use base::task_info::{LockHolder, QueueOperation, TaskId, TaskInfo, TaskState, Wait};
pub use blocking::cancel_check::{CancelCheck, to_thread_with};
pub use blocking::pool::ThreadPool;
pub use blocking::run_in_executor::run_in_executor;
pub use blocking::to_thread::{ToThread, to_thread};
pub use combine::as_completed::{AsCompleted, as_completed};
pub use combine::gather::{Gather, IntoGather, gather};
pub use combine::race::{IntoRace, Race, race};
pub use combine::try_gather::{IntoTryGather, TryGather, try_gather};
pub use event_loop::run::{run, try_run};
pub use event_loop::runtime::OnPanic;
pub use runner::background::Background;
pub use runner::builder::Builder;
pub use runner::remote::{Handle, RemoteHandle};
pub use runner::runner::Runner;
pub use spawn::cancel_on_drop::CancelOnDrop;
pub use spawn::context_var::ContextVar;
pub use spawn::handle::{JoinHandle, spawn, spawn_named};
pub use spawn::listing::{current_task, tasks};
#[doc(hidden)]
pub use spawn::print::__print_line;
pub use spawn::yield_now::{YieldNow, yield_now};
pub use time::cancelled::{Cancelled, cancelled};
pub use time::interval::{Interval, interval};
pub use time::now;
pub use time::sleep::{Sleep, sleep, sleep_until};
pub use time::timeout::{Elapsed, Timeout, timeout, timeout_at};

// Layer 2: optional parts, each a feature.
#[cfg(feature = "scope")]
mod scope;
#[cfg(feature = "sync")]
pub mod sync;
#[cfg(feature = "net")]
pub mod net;
#[cfg(all(feature = "reactor", not(feature = "net")))]
mod net;
#[cfg(feature = "os")]
mod os;
// Layer 3: what observes the others; the adapters for hyper.
#[cfg(feature = "observe")]
mod observe;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "hyper")]
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
pub mod hyper;

#[cfg(all(unix, feature = "observe"))]
pub use observe::ps;
#[cfg(feature = "observe")]
pub use observe::tree::{print_task_tree, task_tree};
#[cfg(feature = "os")]
pub use os::stdin as io;
#[cfg(all(unix, feature = "os"))]
pub use os::{process, signal};
#[cfg(feature = "scope")]
pub use scope::handle::ScopedJoinHandle;
#[cfg(feature = "scope")]
pub use scope::scope::{Scope, TryScope, scope, try_scope};

/// Instruments: receivers of a loop's events, and recordings of them.
///
/// **Invariant:** an instrument receives each event that it wants once, in
/// order, and cannot stop the loop: one that panics is removed and reported.
///
/// Subscribed through [`Builder::instrument`], or by `run` if the environment
/// asks for a recording. The events, and everything that reads a
/// [`Trace`](instrument::Trace), are in the crate [`loop_trace`]; this module
/// re-exports them.
///
/// # Recording a program
///
/// | environment | output |
/// |---|---|
/// | `EXECUTOR_TRACE=trace.json` | a [`Trace`](instrument::Trace), in the format `loop-trace/1`, for the loop player |
/// | `EXECUTOR_TRACE=trace.perfetto.json` | a trace for <https://ui.perfetto.dev> or `chrome://tracing` |
/// | `EXECUTOR_TIMELINE=1` | a [`timeline`](instrument::timeline()), printed to stderr when the loop has ended |
///
/// A variable that is empty or `0` counts as not set. The name of a trace is
/// numbered for each further loop of the process (`trace.2.json`).
///
/// In code: give a [`Tracer`](instrument::Tracer) to [`Builder::instrument`].
#[cfg(feature = "observe")]
pub mod instrument {
    pub use crate::observe::environment::print_timelines;
    pub use crate::observe::instrument::*;
    pub use crate::observe::mark::mark;
    pub use crate::observe::tracer::Tracer;
}

/// What can be asked of observers where there are none.
#[cfg(not(feature = "observe"))]
#[derive(Default)]
pub(crate) struct NoOptions;

/// Connects observers to the loop, which does not import them.
impl Compose for Composition {
    #[cfg(feature = "observe")]
    type Options = observe::attach::Options;
    #[cfg(not(feature = "observe"))]
    type Options = NoOptions;

    #[inline]
    fn observe(runtime: &Rc<Runtime>, options: Self::Options) {
        #[cfg(feature = "observe")]
        observe::attach::observe(runtime, options);
        #[cfg(not(feature = "observe"))]
        say_once_that_nothing_observes(runtime, options);
    }

    fn is_stall_certain(runtime: &Runtime, handles_at_home: Option<HashSet<usize>>) -> bool {
        spawn::listing::is_stall_certain(runtime, handles_at_home)
    }

    fn explain_stall(runtime: &Runtime, is_certain: bool) -> RunError {
        let tasks = spawn::listing::list_tasks(runtime);
        #[cfg(feature = "observe")]
        let deadlock = observe::deadlock::Deadlock::find(&tasks);
        #[cfg(not(feature = "observe"))]
        let deadlock: Option<String> = None;
        RunError::Stalled {
            deadlock: deadlock.map(|deadlock| deadlock.to_string()),
            tasks,
            is_certain,
        }
    }
}

/// Without the feature `observe`, says so if the environment asks for it.
#[cfg(not(feature = "observe"))]
fn say_once_that_nothing_observes(_: &Runtime, _: NoOptions) {
    static LOOK: std::sync::Once = std::sync::Once::new();
    const VARIABLES: [&str; 4] = [
        "EXECUTOR_DEBUG",
        "EXECUTOR_PS",
        "EXECUTOR_TRACE",
        "EXECUTOR_TIMELINE",
    ];
    LOOK.call_once(|| {
        let is_on =
            |name: &&&str| std::env::var_os(name).is_some_and(|it| !it.is_empty() && it != "0");
        if let Some(name) = VARIABLES.iter().find(is_on) {
            base::error::report(format_args!(
                "{name} is set, but this program was built without the feature `observe` of the \
                 crate `executor`"
            ));
        }
    });
}
