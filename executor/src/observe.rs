//! Layer 3, what subscribes to the hooks of the core: instruments and the
//! recorder, the watchdog, reports of deadlocks and of tasks that nothing can
//! wake, `executor-ps`; and the task tree.
//!
//! `attach` decides for each new loop which of them subscribe, from the builder
//! and the environment.
//!
//! Imports everything below; nothing below imports it.

pub(crate) mod instrument;
pub(crate) mod interest;
mod events;
mod remote_events;
mod waker_samples;
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
