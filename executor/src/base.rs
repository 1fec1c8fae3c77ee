//! Layer 0, data without a loop.
//!
//! Slabs and their keys, the clock, the timer heap, the inbox for messages
//! from other threads, errors, task information, and the trait through which
//! the core reports what happens. Each file can be tested without a loop.
//!
//! Imports nothing else of the crate.

pub(crate) mod slab;
pub(crate) mod clock;
pub(crate) mod rng;
pub(crate) mod sys;
pub(crate) mod waiter;
pub(crate) mod nesting;
pub(crate) mod timers;
pub(crate) mod hooks;
pub(crate) mod inbox;
pub(crate) mod loop_id;
pub(crate) mod printable;
pub(crate) mod task_info;
pub(crate) mod wait_text;
pub(crate) mod error;
