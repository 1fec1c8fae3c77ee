//! A small async runtime: one thread, safe Rust.

mod queue;
mod run;
mod several;
mod slots;
mod spawn;
mod sync;
mod time;
mod trace;

pub use run::{Runner, run};
pub use several::{Elapsed, gather, race, timeout};
pub use spawn::{JoinError, JoinHandle, spawn, yield_now};
pub use time::{Sleep, now, sleep};
