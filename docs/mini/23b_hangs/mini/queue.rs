//! The ready queue: which tasks to poll next. Any thread may add to it.

use std::collections::VecDeque;
use std::task::Wake;

use super::slots::Key;
use super::sync::{Arc, AtomicBool, Mutex, Ordering};
use super::trace;

/// Ends a park, from any thread.
pub trait Unpark: Send + Sync + 'static {
    fn unpark(&self);
}

/// **Invariant:** the loop is never parked while a key is in the queue.
pub struct ReadyQueue<U> {
    keys: Mutex<VecDeque<Key>>,
    asleep: AtomicBool,
    unparker: U,
}

impl<U: Unpark> ReadyQueue<U> {
    pub fn new(unparker: U) -> Self {
        ReadyQueue {
            keys: Mutex::new(VecDeque::new()),
            asleep: AtomicBool::new(false),
            unparker,
        }
    }

    /// Adds a key. `number` is its task's, for the trace.
    pub fn push(&self, key: Key, number: u64) {
        let mut keys = self.keys.lock().unwrap();
        trace::emit("ready.push", format_args!(r#","task":{number}"#));
        keys.push_back(key);
        drop(keys);
        self.nudge();
    }

    /// Ends a park, if there is one.
    pub fn nudge(&self) {
        if self.asleep.swap(false, Ordering::SeqCst) {
            self.unparker.unpark();
        }
    }

    pub fn pop(&self) -> Option<Key> {
        self.keys.lock().unwrap().pop_front()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.lock().unwrap().is_empty()
    }

    /// Begins a turn; returns how many tasks are in it.
    pub fn start_turn(&self) -> usize {
        let n = self.keys.lock().unwrap().len();
        trace::turn(n);
        n
    }

    /// Calls `block` unless a key is queued. A key that comes later ends it.
    pub fn park(&self, block: impl FnOnce()) {
        // First the flag, then the look. `push` has them the other way round.
        self.asleep.swap(true, Ordering::SeqCst);
        if self.is_empty() {
            block();
        }
        self.asleep.swap(false, Ordering::SeqCst);
    }
}

/// What a task's waker is made of: not the future, only its key.
pub struct TaskWaker<U> {
    pub key: Key,
    pub number: u64,
    queued: AtomicBool,
    ready: Arc<ReadyQueue<U>>,
}

impl<U: Unpark> TaskWaker<U> {
    pub fn new(key: Key, number: u64, ready: &Arc<ReadyQueue<U>>) -> Arc<Self> {
        Arc::new(TaskWaker {
            key,
            number,
            queued: AtomicBool::new(false),
            ready: Arc::clone(ready),
        })
    }

    /// Called before each poll: from here on a wake counts again.
    pub fn clear(&self) {
        self.queued.swap(false, Ordering::AcqRel);
    }
}

impl<U: Unpark> Wake for TaskWaker<U> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let first = !self.queued.swap(true, Ordering::AcqRel);
        trace::wake(self.number, first);
        if first {
            self.ready.push(self.key, self.number);
        }
    }
}
