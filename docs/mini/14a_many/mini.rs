//! A small async runtime: one thread, safe Rust.

mod queue;
mod run;
mod slots;
mod spawn;
mod time;
mod trace;

pub use run::run;
pub use spawn::{JoinHandle, spawn, yield_now};
pub use time::{Sleep, sleep};
