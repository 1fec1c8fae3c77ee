//! The ready queue: which tasks to poll next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::Wake;

/// **Invariant:** tasks are polled in the order of their first wake.
pub struct ReadyQueue {
    keys: Mutex<VecDeque<usize>>,
}

impl ReadyQueue {
    pub fn new() -> Self {
        ReadyQueue {
            keys: Mutex::new(VecDeque::new()),
        }
    }

    pub fn push(&self, key: usize) {
        self.keys.lock().unwrap().push_back(key);
    }

    pub fn pop(&self) -> Option<usize> {
        self.keys.lock().unwrap().pop_front()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.lock().unwrap().is_empty()
    }

    /// Begins a turn; returns how many tasks are in it.
    pub fn start_turn(&self) -> usize {
        self.keys.lock().unwrap().len()
    }
}

/// What a task's waker is made of: not the future, only its key.
pub struct TaskWaker {
    pub key: usize,
    ready: Arc<ReadyQueue>,
}

impl TaskWaker {
    pub fn new(key: usize, ready: &Arc<ReadyQueue>) -> Arc<Self> {
        Arc::new(TaskWaker {
            key,
            ready: Arc::clone(ready),
        })
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.push(self.key);
    }
}
