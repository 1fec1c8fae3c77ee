//! What threads meet at, as loom makes it, for the files named `model.rs`.
//!
//! **Invariant:** it exports the same names as `real`, and whatever std or
//! crossbeam do not promise, this does not give.
//!
//! A model checker runs a small program in every order that its threads can
//! take, and with every value that a load may give under the memory model. It
//! sees only what is built from its own parts, so the channel and the place to
//! sleep are made of a mutex and a condition variable here.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicU8, AtomicU64, AtomicUsize, fence,
};
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use loom::thread::ThreadId;

use super::lock;

/// loom's, which does not know std's `const { .. }`.
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

/// The same for larger programs, with at most [`PREEMPTIONS`] switches away
/// from a thread that could have gone on. `LOOM_MAX_PREEMPTIONS` sets another
/// number.
pub(crate) fn explore(program: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(PREEMPTIONS));
    model.max_branches = 20_000;
    model.check(program);
}

/// Of the wrong orders beside the checks, each shows with two.
const PREEMPTIONS: usize = 3;

// ---- threads ----------------------------------------------------------------

pub(crate) struct JoinHandle<T>(loom::thread::JoinHandle<T>);

impl<T> JoinHandle<T> {
    /// Cannot be asked here: "perhaps not".
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

/// From now on `threads` more can be started, and `timeouts` waits with a limit
/// find that it is over.
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
) -> std::io::Result<JoinHandle<()>> {
    if !take_one(&THREADS_LEFT) {
        return Err(std::io::Error::other("no more threads in this model"));
    }
    let builder = loom::thread::Builder::new().name(name.into());
    builder.spawn(run).map(JoinHandle)
}

pub(crate) fn this_thread() -> ThreadId {
    loom::thread::current().id()
}

// ---- references -------------------------------------------------------------

/// Counts the references that come and go on other threads, in the memory
/// orders in which std's `Arc` does: std's own count is invisible to loom.
pub(crate) struct Holders(AtomicUsize);

impl Holders {
    pub(crate) fn new() -> Self {
        Holders(AtomicUsize::new(0))
    }

    pub(crate) fn are_more_than<T>(&self, ours: usize, shared: &Arc<T>) -> bool {
        // This load first: before it, other threads may go on.
        self.0.load(Ordering::Relaxed) > 0 || Arc::strong_count(shared) > ours
    }

    pub(crate) fn join(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

// ---- the place to sleep -----------------------------------------------------

pub(crate) struct Parker {
    rung: Mutex<bool>,
    bell: Condvar,
    /// How often it was rung. Not part of the model: it only reports.
    rings: std::sync::atomic::AtomicUsize,
}

impl Parker {
    pub(crate) fn for_this_thread() -> Self {
        Parker {
            rung: Mutex::new(false),
            bell: Condvar::new(),
            rings: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// No model has sockets.
    pub(crate) fn move_to_poller(&self, _: mio::Waker) {}

    /// A sleep with a limit is over as soon as another thread has had a turn.
    pub(crate) fn park(&self, timeout: Option<Duration>) {
        if timeout.is_some() {
            loom::thread::yield_now();
        }
        let mut rung = lock(&self.rung);
        while timeout.is_none() && !*rung {
            rung = self.bell.wait(rung).expect("no panic holds the bell");
        }
        *rung = false;
    }

    pub(crate) fn unpark(&self) {
        self.rings.fetch_add(1, Ordering::Relaxed);
        *lock(&self.rung) = true;
        self.bell.notify_one();
    }

    pub(crate) fn rings(&self) -> usize {
        self.rings.load(Ordering::Relaxed)
    }
}

// ---- the channel ------------------------------------------------------------

/// A queue with many senders and many receivers.
struct Queue<T> {
    state: Mutex<QueueState<T>>,
    bell: Condvar,
}

struct QueueState<T> {
    items: VecDeque<T>,
    senders: usize,
}

pub(crate) struct Sender<T>(Arc<Queue<T>>);
pub(crate) struct Receiver<T>(Arc<Queue<T>>);

/// The queue is empty.
pub(crate) struct Nothing;

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
        bell: Condvar::new(),
    });
    (Sender(Arc::clone(&queue)), Receiver(queue))
}

impl<T> Sender<T> {
    /// Never fails: whoever sends here holds a receiver.
    pub(crate) fn send(&self, item: T) -> Result<(), RecvTimeoutError> {
        lock(&self.0.state).items.push_back(item);
        self.0.bell.notify_one();
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
        self.0.bell.notify_all();
    }
}

impl<T> Receiver<T> {
    pub(crate) fn try_recv(&self) -> Result<T, Nothing> {
        lock(&self.0.state).items.pop_front().ok_or(Nothing)
    }

    /// Times out whenever nothing is there, as long as the model [allows](allow)
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
            state = self.0.bell.wait(state).expect("no panic holds the queue");
        }
    }
}
