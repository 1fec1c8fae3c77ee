//! Layer 0, everything that blocks the loop's thread.
//!
//! One `park` for the whole crate, the timer slack that makes its timeouts
//! precise, the check that the process was not forked since, and the reactor
//! that watches sockets (internal feature `reactor`).
//!
//! Imports `base`.

pub(crate) mod park;
pub(crate) mod fork;
#[cfg(feature = "reactor")]
pub(crate) mod waiters;
#[cfg(feature = "reactor")]
mod token;
#[cfg(feature = "reactor")]
pub(crate) mod reactor;
