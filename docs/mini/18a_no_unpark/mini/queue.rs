//! The ready queue: which tasks to poll next.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Wake;

use super::slots::Key;
use super::trace;

/// **Invariant:** tasks are polled in the order of their first wake.
pub struct ReadyQueue {
    keys: Mutex<VecDeque<Key>>,
}

impl ReadyQueue {
    pub fn new() -> Self {
        ReadyQueue {
            keys: Mutex::new(VecDeque::new()),
        }
    }

    /// Adds a key. `number` is its task's, for the trace.
    pub fn push(&self, key: Key, number: u64) {
        let mut keys = self.keys.lock().unwrap();
        trace::emit("ready.push", format_args!(r#","task":{number}"#));
        keys.push_back(key);
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
}

/// What a task's waker is made of: not the future, only its key.
pub struct TaskWaker {
    pub key: Key,
    pub number: u64,
    queued: AtomicBool,
    ready: Arc<ReadyQueue>,
}

impl TaskWaker {
    pub fn new(key: Key, number: u64, ready: &Arc<ReadyQueue>) -> Arc<Self> {
        Arc::new(TaskWaker {
            key,
            number,
            queued: AtomicBool::new(false),
            ready: Arc::clone(ready),
        })
    }

    /// Called before each poll: from here on a wake counts again.
    pub fn clear(&self) {
        self.queued.store(false, Ordering::Release);
    }
}

impl Wake for TaskWaker {
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
