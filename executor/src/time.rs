//! Layer 1, time: `now`, `sleep`, `timeout`, `interval`, `cancel_within`.
//!
//! Imports `base`, `event_loop` and `spawn`.

pub(crate) mod now;
pub(crate) mod sleep;
pub(crate) mod timeout;
pub(crate) mod interval;
pub(crate) mod cancel_within;
