//! Layer 3, the subscribers of the core's hooks: instruments and the recorder,
//! the watchdog, the reports of deadlocks and of unwakeable tasks, `executor-ps`;
//! and the task tree.
//!
//! `attach` decides for each new loop which of them subscribe, from the builder
//! and the environment.
//!
//! Imports from all lower layers and from the crate `loop-trace`.

pub(crate) mod instrument;
pub(crate) mod interest;
mod events;
pub(crate) mod mark;
pub(crate) mod tracer;
pub(crate) mod tree;
pub(crate) mod deadlock;
mod deadlock_report;
mod unwakeable;
mod polling;
mod watchdog;
#[cfg(unix)]
pub mod ps;
#[cfg(unix)]
mod ps_server;
pub(crate) mod environment;
mod recording;
pub(crate) mod attach;
