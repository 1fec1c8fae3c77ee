//! A small async runtime: one thread, safe Rust.

mod queue;
mod run;
mod slots;
mod spawn;
mod trace;

pub use run::run;
pub use spawn::{spawn, yield_now};
