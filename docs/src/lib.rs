//! What the book's programs share: a printer for what the loop did, and the
//! frame around an exercise.
//!
//! The book itself is the Markdown beside this crate. Nothing depends on it.

mod exercise;
pub mod programs;
pub mod real_time;
mod watch;

pub use exercise::{Exercise, Seen};
pub use watch::{story, watch};
