//! What the demo programs share: durations, a heartbeat, options, messages.
//!
//! The programs to run first are in `src/bin`. They need the `executor` crate
//! and two small ones, so that a first run builds little; the programs that
//! talk to a language model are in `llm-demo`, which uses this library too.

mod heartbeat;
pub mod options;
mod times;

use std::fmt;
use std::io::{self, Write};

pub use heartbeat::Heartbeat;
pub use times::{LONGEST, at_least_one, duration, friendly, rounded, some_time};

/// Writes a line to stderr, so that stdout holds nothing but results.
///
/// ```
/// first_programs::tell(format_args!("elapsed: {}", "2.00s"));
/// ```
pub fn tell(text: fmt::Arguments<'_>) {
    // One write: stderr is unbuffered, and other processes share the terminal.
    // A failed write is ignored, because there is no other place to report it.
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}
