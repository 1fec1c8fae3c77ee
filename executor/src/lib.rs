//! A single-threaded async runtime that you can see through: asyncio's
//! vocabulary, in safe Rust, small enough to read in an afternoon.
//!
//! # Use it
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
//! | asyncio | here |
//! |---|---|
//! | `asyncio.run(main())` | [`run`], [`try_run`] |
//! | `asyncio.Runner` | [`Runner`] |
//! | `create_task(c, name=..)` | [`spawn`], [`spawn_named`] → [`JoinHandle`] |
//! | `sleep(s)`, `sleep(0)` | [`sleep`], [`sleep_until`], [`yield_now`], [`interval`] |
//! | `loop.time()` | [`now`] |
//! | `current_task()`, `all_tasks()` | [`current_task`], [`tasks`] |
//! | `gather(..)` | [`gather`], [`try_gather`] |
//! | `wait(.., FIRST_COMPLETED)`, `as_completed` | [`race`], [`as_completed`] |
//! | `timeout(s)`, `wait_for` | [`timeout`], [`timeout_at`] |
//! | `TaskGroup` | [`scope`], [`try_scope`] |
//! | `Lock`, `Semaphore`, `Event`, `Queue` | [`sync`] |
//! | `to_thread(f)` | [`to_thread`] |
//! | `loop.run_in_executor(pool, f)` | [`ThreadPool`], [`run_in_executor`] |
//! | `call_soon_threadsafe`, `run_coroutine_threadsafe` | [`Handle`] → [`RemoteHandle`] |
//! | `contextvars.ContextVar` | [`ContextVar`] |
//! | streams, `start_server`, datagram endpoints | [`net`] |
//! | stdin, Ctrl-C, subprocesses | [`io::stdin_lines`], [`signal`], [`process`] |
//!
//! Where Rust makes it differ from asyncio, the item says so. The differences
//! that matter: a cancel cannot be caught, only observed by destructors;
//! awaiting a handle gives a `Result`; `try_gather` drops the siblings of a
//! failed future before it gives the error; `timeout(0, f)` polls `f` once.
//!
//! # Test with it
//!
//! With [virtual time](Builder::virtual_time) a program's sleeps take no time
//! and are exact to the nanosecond; with a [seed](Builder::seed) its
//! interleavings can be varied and repeated: [`testing::explore`] runs a program
//! under many, and names the seed of the first that fails.
//!
//! # Read it
//!
//! The modules in reading order. Each opens with what it is, its one invariant
//! and who calls it. There is no circle among their imports, and a test holds
//! the plan.
//!
//! | module | what it is |
//! |---|---|
//! | `run` | the loop: poll what is ready, sleep until something is |
//! | `task` | a boxed future, and what the loop needs to know about it |
//! | `waker` | what a `Waker` is made of: a name, a flag, a way to the mail slot |
//! | `ready` | the ready queue: a local door, and a mail slot for other threads |
//! | `join` | one value, handed from a task to whoever waits for it |
//! | `timers` | deadlines in order |
//! | `reactor` | asks the system which sockets are ready |
//! | `pool` | threads for calls that block |
//! | `runtime` | who owns what, and how the rest finds it |
//! | `shutdown` | how a loop ends |
//! | `slab`, `error`, `info` | keys with generations; what goes wrong; who a task is |
//! | `clock`, `rng`, `probe`, `context`, `sys` | the time; the seed; events; variables; what threads share |
//! | `children` | many futures under one waiter |
//! | `watch` | what a loop shows to a watchdog, and to `executor-ps` |
//! | `spawn`, `time`, `combine`, `scope`, `sync`, `threads`, `sockets`, `remote`, `vars`, `print`, `instrument` | what users call |
//! | `runner` | a loop for several runs, or on a thread of its own |
//! | `cancel` | asking a task to stop, before it is stopped |
//! | `hyper` | with the feature `hyper`: HTTP, by hyper and axum, on this loop |
//! | `dns`, `serve`, `io`, `signal`, `process`, `ps`, `testing` | built from the above |

#![cfg_attr(docsrs, feature(doc_cfg))]

// The core, in reading order.
mod run;
mod task;
mod waker;
mod ready;
mod join;
mod timers;
mod reactor;
mod pool;
mod runtime;
mod shutdown;
mod slab;
mod error;
// More foundations.
mod info;
mod clock;
mod rng;
mod probe;
mod context;
mod sys;
// Organs beside the loop: used by `combine`; shown to other threads.
mod children;
mod watch;
// The rooms: what users call.
mod spawn;
mod time;
mod combine;
mod scope;
pub mod sync;
mod threads;
mod sockets;
mod remote;
mod vars;
pub mod instrument;
#[doc(hidden)]
pub mod print;
// The upper storey, built from rooms.
mod runner;
mod cancel;
mod dns;
mod serve;
pub mod io;
#[cfg(unix)]
pub mod signal;
#[cfg(unix)]
pub mod process;
#[cfg(unix)]
pub mod ps;
pub mod testing;
#[cfg(feature = "hyper")]
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
pub mod hyper;

/// Sockets and servers (asyncio: streams, datagram endpoints, `start_server`).
pub mod net {
    pub use crate::dns::lookup_host;
    pub use crate::serve::{Serve, Served, serve};
    pub use crate::sockets::{Incoming, Target, TcpListener, TcpStream, ToAddrs, UdpSocket};
    #[cfg(unix)]
    pub use crate::sockets::{UnixListener, UnixStream};
}

pub use cancel::{Cancelled, cancelled};
pub use combine::{
    AsCompleted, Gather, GatherArray, GatherTuple, GatherVec, Race, RaceTuple, RaceVec, TryGather,
    TryGatherArray, TryGatherTuple, TryGatherVec, as_completed, gather, race, try_gather,
};
pub use error::{JoinError, RunError};
pub use info::{LockHolder, QueueOperation, TaskId, TaskInfo, TaskState, Wait};
pub use pool::ThreadPool;
pub use remote::{Handle, RemoteHandle};
pub use run::{run, try_run};
pub use runner::{Background, Builder, Runner};
pub use runtime::OnPanic;
pub use scope::{Scope, ScopedJoinHandle, TryScope, scope, try_scope};
pub use spawn::{
    CancelOnDrop, JoinHandle, YieldNow, current_task, print_task_tree, spawn, spawn_named,
    task_tree, tasks, yield_now,
};
pub use threads::{ToThread, Waited, run_in_executor, to_thread, to_thread_with};
pub use time::{
    Elapsed, Interval, Sleep, Timeout, interval, now, sleep, sleep_until, timeout, timeout_at,
};
pub use vars::ContextVar;
