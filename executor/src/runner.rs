//! Layer 1, loops that are used more than once: `Runner` and its builder, a
//! loop on a thread of its own, and the handle for other threads.
//!
//! Imports everything of layers 0 and 1 before it.

mod counted;
pub(crate) mod remote;
pub(crate) mod answer;
pub(crate) mod builder;
#[allow(clippy::module_inception, reason = "the type has this name")]
pub(crate) mod runner;
pub(crate) mod background;
