//! The std primitives through which threads share data.
//!
//! A model checker has to replace these with its own, which it cannot do where
//! code names `std::sync` directly. **Invariant:** whatever two threads share
//! in this crate is built from what this file exports.
//!
//! Called by every part that other threads reach. Imports nothing.
//!
//! With `--cfg executor_loom`, in unit tests only, `modelled` supplies loom's
//! versions under the same names; the checks are in the files called
//! `model.rs`. A `static` outlives one schedule and cannot be modelled: its
//! parts come from [`unmodelled`].

#[cfg(all(test, executor_loom))]
pub(crate) mod modelled;
#[cfg(all(test, executor_loom))]
pub(crate) use modelled::*;

#[cfg(not(all(test, executor_loom)))]
pub(crate) use std::{
    sync::atomic::{AtomicBool, AtomicIsize, AtomicU8, AtomicU64, AtomicUsize, fence},
    sync::{Condvar, Mutex, MutexGuard},
    thread::{JoinHandle, ThreadId},
    thread_local,
};
// std counts references, under the model checker as well; where a count
// decides something, `References` shows it to the checker.
pub(crate) use std::sync::atomic::Ordering;
pub(crate) use std::sync::{Arc, OnceLock, PoisonError, Weak};

/// Locks a mutex, whether or not a panic once unwound through its guard.
///
/// Every critical section of this crate leaves its data whole at each step
/// (a push, a take, a swap), so poison carries no information.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the id of the calling thread.
#[cfg(not(all(test, executor_loom)))]
pub(crate) fn this_thread() -> ThreadId {
    std::thread::current().id()
}

/// Starts a named thread.
#[cfg(not(all(test, executor_loom)))]
pub(crate) fn spawn_thread(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.into()).spawn(run)
}

/// Compares the number of references to a value with a number. Zero-sized:
/// std's `Arc` does the counting.
#[cfg(not(all(test, executor_loom)))]
pub(crate) struct References;

#[cfg(not(all(test, executor_loom)))]
impl References {
    pub(crate) fn new() -> Self {
        References
    }

    /// Returns whether there are more references than `ours`. If not, a fence
    /// must follow before the effects of the last other holder are visible.
    #[inline]
    pub(crate) fn exceed<T>(&self, ours: usize, shared: &Arc<T>) -> bool {
        Arc::strong_count(shared) > ours
    }
}

/// std's own primitives, for a `static` and for what observers share.
pub(crate) mod unmodelled {
    pub(crate) use std::sync::atomic::AtomicU64;
    #[allow(unused_imports, reason = "some are for features")]
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, atomic::AtomicBool};

    /// Locks a mutex as [`lock`](super::lock) does.
    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
