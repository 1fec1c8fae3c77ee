//! Layer 1, time: `now`, `sleep`, `timeout`, `interval`, `cancel_within`.
//!
//! A first poll of a sleep adds a timer to the heap in `base::timers`. The loop
//! parks until the earliest deadline, fires the timer and wakes the task, in
//! `event_loop::look`.
//!
//! Imports `base`, `event_loop` and `spawn`.

pub(crate) mod now;
pub(crate) mod sleep;
pub(crate) mod timeout;
pub(crate) mod interval;
pub(crate) mod cancel_within;
