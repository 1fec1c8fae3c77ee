//! Time as users see it: `now`, `sleep`, `timeout`, `interval`.
//!
//! **Invariant:** a timer exists only while a future that was polled waits for
//! it: building a sleep costs nothing, and dropping it frees its slot at once.
//!
//! A room: calls `runtime`, and nothing calls it but users.

mod interval;
mod sleep;
mod timeout;

use std::time::Instant;

use crate::runtime::Runtime;

pub use interval::{Interval, interval};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};

/// The loop's time (asyncio: `loop.time()`): the real one, or with
/// [virtual time](crate::Builder::virtual_time) the virtual one. Outside a
/// loop it is `Instant::now()`.
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
