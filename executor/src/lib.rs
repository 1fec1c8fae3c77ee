#![cfg_attr(docsrs, feature(doc_cfg))]

// Layer 0: the core.
mod base;
mod driver;
mod event_loop;
// Layer 1: what every program uses.
mod spawn;
mod time;
mod combine;
mod blocking;
mod runner;

use std::rc::Rc;

use event_loop::runtime::{Compose, Composition, Runtime};

pub use base::error::{JoinError, RunError};
pub use base::task_info::{LockHolder, QueueOperation, TaskId, TaskInfo, TaskState, Wait};
pub use blocking::pool::ThreadPool;
pub use blocking::to_thread::{CancelCheck, ToThread, run_in_executor, to_thread, to_thread_with};
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
pub use spawn::cancelled::{Cancelled, cancelled};
pub use spawn::context_var::ContextVar;
pub use spawn::current::{current_task, tasks};
pub use spawn::handle::{CancelOnDrop, JoinHandle, spawn, spawn_named};
#[doc(hidden)]
pub use spawn::print::__print_line;
pub use spawn::yield_now::{YieldNow, yield_now};
pub use time::interval::{Interval, interval};
pub use time::now::now;
pub use time::sleep::{Sleep, sleep, sleep_until};
pub use time::timeout::{Elapsed, Timeout, timeout, timeout_at};

// Layer 2: what some programs use.
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
// Layer 3: what looks at the others, and what is built from them.
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

/// Instruments: what follows a loop's events, and what reads recordings.
///
/// **Invariant:** an instrument receives every event once, in order, and cannot
/// stop the loop: one that panics is removed and reported.
///
/// Given to a loop by `runner`, or by `run` when the environment asks for one.
/// The events, and everything that reads a [`Trace`], are in the crate
/// [`loop_trace`]; this module re-exports them.
///
/// # Recording a program
///
/// | environment | output |
/// |---|---|
/// | `EXECUTOR_TRACE=trace.json` | a [`Trace`], in the format `loop-trace/1`, for the loop player |
/// | `EXECUTOR_TRACE=trace.perfetto.json` | a trace for <https://ui.perfetto.dev> or `chrome://tracing` |
/// | `EXECUTOR_TIMELINE=1` | a [`timeline`], printed to stderr when the loop has ended |
///
/// In code: give a [`Tracer`] to [`Builder::instrument`](crate::Builder::instrument).
#[cfg(feature = "observe")]
pub mod instrument {
    pub use crate::observe::environment::print_timelines;
    pub use crate::observe::instrument::*;
    pub use crate::observe::mark::mark;
    pub use crate::observe::tracer::Tracer;
}

/// Connects observers to the loop, which does not import them.
impl Compose for Composition {
    #[cfg(feature = "observe")]
    type Options = observe::attach::Options;
    #[cfg(not(feature = "observe"))]
    type Options = ();

    #[inline]
    fn observe(runtime: &Rc<Runtime>, options: Self::Options) {
        #[cfg(feature = "observe")]
        observe::attach::observe(runtime, options);
        #[cfg(not(feature = "observe"))]
        {
            let ((), _) = (options, runtime);
            say_once_that_nothing_observes();
        }
    }

    fn explain_stall(tasks: &[TaskInfo]) -> Option<String> {
        #[cfg(feature = "observe")]
        return observe::deadlock::Deadlock::find(tasks).map(|deadlock| deadlock.to_string());
        #[cfg(not(feature = "observe"))]
        {
            let _ = tasks;
            None
        }
    }
}

/// Without the feature `observe`, says so if the environment asks for it.
#[cfg(not(feature = "observe"))]
fn say_once_that_nothing_observes() {
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
