//! The few std primitives that threads meet at, in one place.
//!
//! A model checker must be able to replace these with its own; it cannot if
//! the code names `std::sync` directly. **Invariant:** whatever two threads
//! share in this crate is built from what this file exports (and from the
//! channel inside `pool`, which no checker sees into).
//!
//! Used by `ready`, `waker`, `pool`, `children` and the rooms that talk to
//! other threads; imports nothing.

pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use std::thread::Thread;
use std::time::Duration;

/// Locks a mutex whether or not a panic once unwound through its guard.
///
/// Every critical section of this crate leaves its data whole at each step
/// (a push, a take, a swap), so poison carries no information here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place for one thread to sleep, with a bell that any thread may ring.
///
/// A bell that rings before the sleep makes the sleep return at once: nothing
/// is lost between the decision to sleep and the sleep itself.
pub(crate) struct Parker {
    thread: Thread,
    /// Once the loop has a poller it sleeps there, and this rings it.
    poller: OnceLock<mio::Waker>,
}

impl Parker {
    /// A parker for the calling thread; only this thread may `park` on it.
    pub(crate) fn for_this_thread() -> Self {
        Parker {
            thread: std::thread::current(),
            poller: OnceLock::new(),
        }
    }

    /// From now on the thread sleeps in a poller that `bell` wakes.
    pub(crate) fn move_to_poller(&self, bell: mio::Waker) {
        // A loop has one poller; a second bell would ring the same one.
        let _ = self.poller.set(bell);
    }

    /// Sleeps until the bell rings or `timeout` is over (`None`: no limit).
    /// May return early for no reason.
    pub(crate) fn park(&self, timeout: Option<Duration>) {
        match timeout {
            None => std::thread::park(),
            Some(limit) => std::thread::park_timeout(limit),
        }
    }

    /// Rings the bell.
    ///
    /// # Panics
    ///
    /// If the poller cannot be woken: the kernel then has no memory for one
    /// event, and the loop would sleep for ever.
    pub(crate) fn unpark(&self) {
        match self.poller.get() {
            None => self.thread.unpark(),
            Some(bell) => bell.wake().expect("the poller can be woken"),
        }
    }
}

/// This thread's sleeps end when they should, while this lives.
///
/// Linux may delay a sleep by the thread's *timer slack* so that it can wake
/// several sleepers at once; 50 µs by default. Measured with sleeps of
/// 50 µs: 54 µs late with the default, 4.2 µs with the least slack, 5.0 µs
/// with a timerfd in the poller, which costs more CPU and a descriptor.
///
/// Elsewhere than on Linux this does nothing: sleeps are as precise as std's
/// `park_timeout` is there (about a millisecond on Windows).
pub(crate) struct TimerSlack {
    /// What to go back to.
    #[cfg(target_os = "linux")]
    before: Option<std::num::NonZeroU64>,
}

#[cfg(target_os = "linux")]
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

#[cfg(target_os = "linux")]
impl Drop for TimerSlack {
    fn drop(&mut self) {
        // `None` asks for the thread's default.
        let _ = rustix::thread::set_current_timer_slack(self.before);
    }
}

#[cfg(not(target_os = "linux"))]
impl TimerSlack {
    pub(crate) fn set_to_least() -> Self {
        TimerSlack {}
    }
}
