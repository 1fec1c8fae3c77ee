//! For tests: a program under many schedules, and a future polled by hand.
//!
//! **Invariant:** what fails here fails again: a seed and the program are all
//! that a run depends on.
//!
//! In the upper storey, on top of `runner`.

mod by_hand;
mod explore;
#[cfg(all(test, executor_loom))]
mod model;

pub use by_hand::{ByHand, by_hand};
pub use explore::explore;

use crate::event_loop::runtime::OnPanic;
use crate::runner::runner::Runner;

/// Runs a future as a test should: in virtual time, and with a panic of any
/// task ending the test.
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
/// With the panic of the future, or of a task; if the loop stalls.
#[track_caller]
pub fn run<F: Future>(future: F) -> F::Output {
    let builder = Runner::builder().virtual_time();
    builder.on_panic(OnPanic::Stop).build().run(future)
}
