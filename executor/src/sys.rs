//! The few std primitives that threads meet at, in one place.
//!
//! A model checker must be able to replace these with its own; it cannot if
//! the code names `std::sync` directly. **Invariant:** whatever two threads
//! share in this crate is built from what this file exports.
//!
//! Used by `ready`, `waker`, `pool`, `children` and the rooms that talk to
//! other threads; imports nothing.
//!
//! # Under the model checker
//!
//! `real` exports std's own and `modelled` exports loom's, under the same
//! names. The second is built with `--cfg executor_loom`, for unit tests only:
//! the files named `model.rs` beside the code they check. What stands in a
//! `static` outlives one schedule and cannot be modelled: it is taken from
//! [`unmodelled`].

#[cfg(all(test, executor_loom))]
pub(crate) mod modelled;
#[cfg(not(all(test, executor_loom)))]
mod real;

#[cfg(all(test, executor_loom))]
use modelled as here;
#[cfg(not(all(test, executor_loom)))]
use real as here;

pub(crate) use here::{
    AtomicBool, AtomicIsize, AtomicU8, AtomicU64, AtomicUsize, Condvar, Holders, JoinHandle, Mutex,
    MutexGuard, Parker, Receiver, RecvTimeoutError, Sender, ThreadId, fence, spawn_thread,
    this_thread, thread_local, unbounded,
};
// References are counted by std, in the model too; where a count decides
// something, `Holders` shows it to the checker.
pub(crate) use std::sync::atomic::Ordering;
pub(crate) use std::sync::{Arc, OnceLock, PoisonError};

/// Locks a mutex whether or not a panic once unwound through its guard.
///
/// Every critical section of this crate leaves its data whole at each step
/// (a push, a take, a swap), so poison carries no information here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// std's own, for what stands in a `static` or is shown to watchers.
pub(crate) mod unmodelled {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64};
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

    /// As [`lock`](super::lock).
    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// This thread's sleeps end when they should, while this lives.
///
/// Linux may delay a sleep by the thread's *timer slack* so that it can wake
/// several sleepers at once; 50 µs by default. Measured with sleeps of
/// 50 µs: 54 µs late with the default, 4.2 µs with the least slack, 5.0 µs
/// with a timerfd in the poller, which costs more CPU and a descriptor.
///
/// Elsewhere than on Linux, and in Miri, this does nothing: sleeps are as precise as std's
/// `park_timeout` is there (about a millisecond on Windows).
pub(crate) struct TimerSlack {
    /// What to go back to.
    #[cfg(all(target_os = "linux", not(miri)))]
    before: Option<std::num::NonZeroU64>,
}

#[cfg(all(target_os = "linux", not(miri)))]
impl TimerSlack {
    pub(crate) fn set_to_least() -> Self {
        use rustix::thread::{current_timer_slack, set_current_timer_slack};
        let before = current_timer_slack().unwrap_or(0);
        // A kernel that refuses leaves the sleeps as late as they were.
        let _ = set_current_timer_slack(Some(std::num::NonZeroU64::MIN));
        TimerSlack {
            before: std::num::NonZeroU64::new(before),
        }
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
impl Drop for TimerSlack {
    fn drop(&mut self) {
        // `None` asks for the thread's default.
        let _ = rustix::thread::set_current_timer_slack(self.before);
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
impl TimerSlack {
    pub(crate) fn set_to_least() -> Self {
        TimerSlack {}
    }
}
