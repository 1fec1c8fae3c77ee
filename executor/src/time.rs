//! Layer 1, time: `now`, `sleep`, `timeout`, `interval`, and requests to stop
//! within a time.
//!
//! A first poll of a sleep adds a timer to the heap in `base::timers`. The loop
//! parks until the earliest deadline, fires the timer and wakes the task, in
//! `event_loop::look`.
//!
//! Imports `base`, `event_loop` and `spawn`.

pub(crate) mod sleep;
pub(crate) mod timeout;
pub(crate) mod interval;
pub(crate) mod cancelled;

use std::time::Instant;

use crate::event_loop::runtime::Runtime;

/// Returns the loop's time (asyncio: `loop.time()`): real, or virtual with
/// [virtual time](crate::Builder::virtual_time). Outside of a loop it is
/// `Instant::now()`.
///
/// ```
/// use std::time::Duration;
///
/// let mut runner = executor::Runner::builder().virtual_time().build();
/// runner.run(async {
///     let before = executor::now();
///     executor::sleep(Duration::from_secs(3600)).await;
///     assert_eq!(executor::now() - before, Duration::from_secs(3600));
/// });
/// ```
pub fn now() -> Instant {
    Runtime::with(|runtime| runtime.clock.instant_at(runtime.clock.now()))
        .unwrap_or_else(Instant::now)
}
