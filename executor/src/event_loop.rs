//! Layer 0, the loop itself.
//!
//! `run` turns the loop and polls its tasks; `look` is what it does between
//! polls, up to the park; `task`, `waker`, `ready` and `poll` are the parts of a
//! poll; `tasks` is the life of a task from spawn to removal; `runtime` owns the
//! parts and finds the current loop. The layer has no tracer, no watchdog, no
//! deadlock search, no lock and no socket: these subscribe to hooks or register
//! wait points.
//!
//! Imports `base` and `driver`.

pub(crate) mod run;
pub(crate) mod look;
pub(crate) mod task;
pub(crate) mod waker;
pub(crate) mod ready;
pub(crate) mod wake;
pub(crate) mod poll;
pub(crate) mod tasks;
pub(crate) mod context;
pub(crate) mod runtime;
pub(crate) mod recycle;
pub(crate) mod shutdown;
