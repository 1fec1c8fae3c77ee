//! Layer 3, helpers for tests: a program under many schedules, and a future
//! polled by hand.
//!
//! **Invariant:** a run depends only on the program and the seed, so a failure
//! can be repeated.
//!
//! Called by users. Imports `runner` and, for traces, `observe`.

mod by_hand;
mod explore;
#[cfg(all(test, executor_loom))]
mod model;

pub use by_hand::{ByHand, by_hand};
pub use explore::explore;

use crate::event_loop::runtime::OnPanic;
use crate::runner::runner::Runner;

/// Runs a future as a test should: in virtual time, and a panic of any task
/// ends the test.
///
/// ```
/// use executor::{now, sleep, testing};
/// use std::time::Duration;
///
/// testing::run(async {
///     let began = now();
///     sleep(Duration::from_secs(3600)).await; // takes no time
///     assert_eq!(now() - began, Duration::from_secs(3600));
/// });
/// ```
///
/// # Panics
///
/// Resumes a panic of the future or of a task. Panics if the loop stalls.
#[track_caller]
pub fn run<F: Future>(future: F) -> F::Output {
    let builder = Runner::builder().virtual_time();
    builder.on_panic(OnPanic::Stop).build().run(future)
}
