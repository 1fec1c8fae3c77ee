//! Layer 1, calls that block: `to_thread`, `run_in_executor` and the thread
//! pool.
//!
//! Imports `base` and `event_loop`.

pub(crate) mod pool;
mod jobs;
pub(crate) mod to_thread;
pub(crate) mod run_in_executor;
pub(crate) mod cancel_check;
