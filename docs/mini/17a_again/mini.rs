//! A small async runtime: one thread, safe Rust.

mod queue;
mod run;
mod several;
mod slots;
mod spawn;
mod time;
mod trace;

pub use run::{Runner, run};
pub use several::gather;
pub use spawn::{JoinError, JoinHandle, spawn, yield_now};
pub use time::{Sleep, now, sleep};
