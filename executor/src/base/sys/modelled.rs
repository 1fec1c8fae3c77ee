//! The primitives of `sys` as loom provides them, for the files named
//! `model.rs`.
//!
//! **Invariant:** code of this crate compiles with these as with std's, and
//! nothing is promised that std or crossbeam do not promise.
//!
//! A model checker runs a small program in every order that its threads can
//! take, and with every value that a load may return under the memory model.
//! It sees only what is built from its own primitives, so the parker and the
//! channel in this file are made of a mutex and a condition variable.

use std::cell::Cell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicU8, AtomicU64, AtomicUsize, fence,
};
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use loom::thread::ThreadId;

use super::lock;
use crate::base::inbox::Unpark;

/// loom's macro, which does not accept std's `const { .. }`.
macro_rules! local {
    ($($(#[$about:meta])* static $name:ident: $type:ty = const $first:block;)*) => {
        $(loom::thread_local! { $(#[$about])* static $name: $type = $first; })*
    };
}
pub(crate) use local as thread_local;

// ---- running a model --------------------------------------------------------

/// Runs `program` in every order that its threads can take.
pub(crate) fn explore_all(program: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.max_branches = 20_000;
    model.check(program);
}

/// Runs a larger program in every order with at most [`PREEMPTIONS`] switches
/// away from a thread that could have continued. `LOOM_MAX_PREEMPTIONS` sets
/// another number.
pub(crate) fn explore(program: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(PREEMPTIONS));
    model.max_branches = 20_000;
    model.check(program);
}

/// Two suffice to find each of the wrong orders beside the checks.
const PREEMPTIONS: usize = 3;

// ---- threads ----------------------------------------------------------------

pub(crate) struct JoinHandle<T>(loom::thread::JoinHandle<T>);

impl<T> JoinHandle<T> {
    /// Returns `false`: loom cannot tell. std, too, may return it for a thread
    /// that is about to end.
    pub(crate) fn is_finished(&self) -> bool {
        false
    }

    pub(crate) fn join(self) -> std::thread::Result<T> {
        self.0.join()
    }
}

std::thread_local! {
    /// How many threads may still be started.
    static THREADS_LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    /// How many waits with a limit may still time out.
    static TIMEOUTS_LEFT: Cell<usize> = const { Cell::new(0) };
}

/// Lets `threads` more threads start, and `timeouts` more waits with a limit
/// time out.
pub(crate) fn allow(threads: usize, timeouts: usize) {
    THREADS_LEFT.set(threads);
    TIMEOUTS_LEFT.set(timeouts);
}

fn take_one(from: &'static std::thread::LocalKey<Cell<usize>>) -> bool {
    let left = from.get();
    from.set(left.saturating_sub(1));
    left > 0
}

pub(crate) fn spawn_thread(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    if !take_one(&THREADS_LEFT) {
        return Err(io::Error::other("no more threads in this model"));
    }
    let builder = loom::thread::Builder::new().name(name.into());
    builder.spawn(run).map(JoinHandle)
}

pub(crate) fn this_thread() -> ThreadId {
    loom::thread::current().id()
}

// ---- references -------------------------------------------------------------

/// Counts the references that other threads hold, in the memory orders of std's
/// `Arc`, whose own count is invisible to loom. A model calls
/// [`join`](Self::join) for each reference that it gives to a thread, and
/// [`leave`](Self::leave) when the thread drops it.
pub(crate) struct References(AtomicUsize);

impl References {
    pub(crate) fn new() -> Self {
        References(AtomicUsize::new(0))
    }

    pub(crate) fn exceed<T>(&self, ours: usize, shared: &Arc<T>) -> bool {
        // This load comes first: at it, loom lets other threads run.
        self.0.load(Ordering::Relaxed) > 0 || Arc::strong_count(shared) > ours
    }

    pub(crate) fn join(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

// ---- the parker -------------------------------------------------------------

/// Blocks a thread until it is unparked.
#[derive(Clone)]
pub(crate) struct Parker(Arc<Token>);

struct Token {
    available: Mutex<bool>,
    changed: Condvar,
    /// How often the thread was unparked. Not part of the model: a check reads
    /// it at the end.
    unparks: std::sync::atomic::AtomicUsize,
}

impl Parker {
    pub(crate) fn for_this_thread() -> Self {
        Parker(Arc::new(Token {
            available: Mutex::new(false),
            changed: Condvar::new(),
            unparks: std::sync::atomic::AtomicUsize::new(0),
        }))
    }

    /// Blocks until the thread is unparked. With a timeout, returns as soon as
    /// another thread has run.
    pub(crate) fn park(&self, timeout: Option<Duration>) {
        if timeout.is_some() {
            loom::thread::yield_now();
        }
        let mut available = lock(&self.0.available);
        while timeout.is_none() && !*available {
            let woken = self.0.changed.wait(available);
            available = woken.expect("no panic while it is locked");
        }
        *available = false;
    }

    pub(crate) fn unparks(&self) -> usize {
        self.0.unparks.load(Ordering::Relaxed)
    }
}

impl Unpark for Parker {
    fn unpark(&self) -> io::Result<()> {
        self.0.unparks.fetch_add(1, Ordering::Relaxed);
        *lock(&self.0.available) = true;
        self.0.changed.notify_one();
        Ok(())
    }
}

// std's parker is unwind-safe, and a panic ends a model.
impl UnwindSafe for Parker {}
impl RefUnwindSafe for Parker {}

// ---- the channel ------------------------------------------------------------

/// A queue with many senders and many receivers.
struct Queue<T> {
    state: Mutex<QueueState<T>>,
    changed: Condvar,
}

struct QueueState<T> {
    items: VecDeque<T>,
    senders: usize,
}

pub(crate) struct Sender<T>(Arc<Queue<T>>);
pub(crate) struct Receiver<T>(Arc<Queue<T>>);

/// The queue is empty.
pub(crate) struct Empty;

#[derive(Debug)]
pub(crate) enum RecvTimeoutError {
    Timeout,
    Disconnected,
}

pub(crate) fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    let queue = Arc::new(Queue {
        state: Mutex::new(QueueState {
            items: VecDeque::new(),
            senders: 1,
        }),
        changed: Condvar::new(),
    });
    (Sender(Arc::clone(&queue)), Receiver(queue))
}

impl<T> Sender<T> {
    /// Never fails: each sender of this crate is owned beside a receiver.
    pub(crate) fn send(&self, item: T) -> Result<(), Infallible> {
        lock(&self.0.state).items.push_back(item);
        self.0.changed.notify_one();
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        lock(&self.0.state).senders += 1;
        Sender(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // the model has failed, and must not fail again
        }
        lock(&self.0.state).senders -= 1;
        self.0.changed.notify_all();
    }
}

impl<T> Receiver<T> {
    pub(crate) fn try_recv(&self) -> Result<T, Empty> {
        lock(&self.0.state).items.pop_front().ok_or(Empty)
    }

    /// Times out when the queue is empty, as often as the model [allows](allow)
    /// it; waits otherwise.
    pub(crate) fn recv_timeout(&self, _: Duration) -> Result<T, RecvTimeoutError> {
        let mut state = lock(&self.0.state);
        loop {
            if let Some(item) = state.items.pop_front() {
                return Ok(item);
            }
            if state.senders == 0 {
                return Err(RecvTimeoutError::Disconnected);
            }
            if take_one(&TIMEOUTS_LEFT) {
                return Err(RecvTimeoutError::Timeout);
            }
            let woken = self.0.changed.wait(state);
            state = woken.expect("no panic while it is locked");
        }
    }
}
