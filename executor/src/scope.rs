//! Layer 2, structured concurrency: tasks that borrow from the caller of
//! `scope`.
//!
//! `scope` is the future that users await, `nursery` polls its children, and
//! `handle` is what awaits one of them.
//!
//! Imports layers 0 and 1.

pub(crate) mod handle;
pub(crate) mod nursery;
#[allow(clippy::module_inception, reason = "the function has this name")]
pub(crate) mod scope;
