//! A small async runtime: one thread, safe Rust.

mod queue;
mod run;
mod trace;

pub use run::{BoxedFuture, run_all};
