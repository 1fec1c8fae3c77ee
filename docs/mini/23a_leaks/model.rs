//! Every order in which a loop and the threads that wake it can run.

#![allow(dead_code)] // of the files that it includes, it uses a part

#[path = "mini/queue.rs"]
mod queue;
#[path = "mini/slots.rs"]
mod slots;

/// What the queue is built from, as loom has it. `Wake` demands std's `Arc`.
mod sync {
    pub use loom::sync::Mutex;
    pub use loom::sync::atomic::{AtomicBool, Ordering};
    pub use std::sync::Arc;
}

/// A trace that is not written.
mod trace {
    pub fn emit(_kind: &str, _fields: std::fmt::Arguments<'_>) {}
    pub fn turn(_ready: usize) {}
    pub fn wake(_task: u64, _queued: bool) {}
}

use std::iter::from_fn;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Wake;

use loom::sync::Notify;
use loom::thread;

use queue::{ReadyQueue, TaskWaker, Unpark};
use slots::Key;
use sync::{Arc, AtomicBool};

/// A token: `notify` sets it, `wait` blocks until it is set and takes it.
impl Unpark for Arc<Notify> {
    fn unpark(&self) {
        self.notify();
    }
}

/// Each thread wakes a task of its own; the loop parks until it has all keys.
fn no_key_is_lost(threads: usize) {
    static ORDERS: AtomicUsize = AtomicUsize::new(0);
    loom::model(move || {
        ORDERS.fetch_add(1, Relaxed);
        let token = Arc::new(Notify::new());
        let ready = Arc::new(ReadyQueue::new(Arc::clone(&token)));
        for index in 0..threads {
            let generation = 0;
            let waker = TaskWaker::new(Key { index, generation }, 0, &ready);
            thread::spawn(move || waker.wake());
        }
        let mut keys = 0;
        while keys < threads {
            ready.park(|| token.wait());
            keys += from_fn(|| ready.pop()).count();
        }
    });
    println!("{threads} waking: {} orders", ORDERS.swap(0, Relaxed));
}

#[test]
fn a_wake_from_another_thread_is_never_lost() {
    no_key_is_lost(1);
    no_key_is_lost(2);
}

/// What a thread did before it woke a task, the next poll of the task sees.
#[test]
fn a_wake_just_before_a_poll_is_never_lost() {
    loom::model(|| {
        let token = Arc::new(Notify::new());
        let ready = Arc::new(ReadyQueue::new(Arc::clone(&token)));
        let (index, generation) = (0, 0);
        let waker = TaskWaker::new(Key { index, generation }, 0, &ready);
        waker.wake_by_ref(); // it is queued
        let is_done = Arc::new(AtomicBool::new(false));
        let (done, other) = (Arc::clone(&is_done), Arc::clone(&waker));
        thread::spawn(move || {
            done.store(true, Relaxed);
            other.wake();
        });
        while !is_done.load(Relaxed) {
            ready.park(|| token.wait());
            while ready.pop().is_some() {
                waker.clear();
            }
        }
    });
}
