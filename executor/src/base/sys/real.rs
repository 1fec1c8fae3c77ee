//! What threads meet at, as std and crossbeam make it.
//!
//! **Invariant:** it exports the same names as `modelled`.

pub(crate) use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicU8, AtomicU64, AtomicUsize, fence,
};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::thread::{JoinHandle, ThreadId};
pub(crate) use std::thread_local;

use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;

/// Starts a thread.
pub(crate) fn spawn_thread(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.into()).spawn(run)
}

pub(crate) fn this_thread() -> ThreadId {
    std::thread::current().id()
}

/// Knows how many references to a thing there are. Nothing but a call: std's
/// `Arc` counts.
pub(crate) struct Holders;

impl Holders {
    pub(crate) fn new() -> Self {
        Holders
    }

    /// Are there more than `ours`? If not, a fence must follow before what the
    /// last other holder did counts as done.
    #[inline]
    pub(crate) fn are_more_than<T>(&self, ours: usize, shared: &Arc<T>) -> bool {
        Arc::strong_count(shared) > ours
    }
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
