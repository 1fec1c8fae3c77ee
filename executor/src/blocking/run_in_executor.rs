//! `run_in_executor`: a call on a pool of the user's.
//!
//! **Invariant:** it differs from `to_thread` in its threads only.
//!
//! Called by users. Imports `to_thread`.

use std::panic::Location;

use super::pool::ThreadPool;
use super::to_thread::ToThread;

/// Runs a blocking call on a thread of your own pool (asyncio:
/// `loop.run_in_executor`).
///
/// Unlike asyncio's, it starts when it is awaited, and the call sees the task's
/// context variables.
///
/// ```
/// use executor::{ThreadPool, run, run_in_executor};
///
/// let pool = ThreadPool::new(1);
/// assert_eq!(run(run_in_executor(&pool, || 2 + 2)), 4);
/// ```
///
/// # Panics
///
/// Like [`to_thread`](crate::to_thread).
#[track_caller]
pub fn run_in_executor<F, T>(pool: &ThreadPool, call: F) -> ToThread<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    ToThread::new(Some(pool.clone()), call, Location::caller())
}
