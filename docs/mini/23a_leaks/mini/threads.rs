//! Calls that block, on threads of their own.

use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::queue::ReadyQueue;
use super::reactor::Unparker;
use super::run::current;

type Job = Box<dyn FnOnce() + Send>;

/// More than asyncio has by default on a small machine.
const MOST_THREADS: usize = 32;

pub struct Pool {
    jobs: Sender<Job>,
    queue: Receiver<Job>,
    threads: Cell<usize>,
    /// Jobs that have not ended, queued ones included.
    unfinished: Arc<AtomicUsize>,
    ready: Arc<ReadyQueue<Unparker>>,
}

impl Pool {
    pub fn new(ready: &Arc<ReadyQueue<Unparker>>) -> Self {
        let (jobs, queue) = unbounded();
        Pool {
            jobs,
            queue,
            threads: Cell::new(0),
            unfinished: Arc::default(),
            ready: Arc::clone(ready),
        }
    }

    pub fn is_busy(&self) -> bool {
        self.unfinished.load(Ordering::Acquire) > 0
    }

    fn submit(&self, call: impl FnOnce() + Send + 'static) {
        let (unfinished, ready) = (Arc::clone(&self.unfinished), Arc::clone(&self.ready));
        let jobs = unfinished.fetch_add(1, Ordering::AcqRel) + 1;
        let job = Box::new(move || {
            call();
            unfinished.fetch_sub(1, Ordering::AcqRel);
            ready.nudge(); // a virtual clock waits for this
        });
        if self.threads.get() < jobs.min(MOST_THREADS) {
            self.threads.set(self.threads.get() + 1);
            let queue = self.queue.clone();
            thread::spawn(move || queue.iter().for_each(|job| job()));
        }
        self.jobs.send(job).expect("the pool has a receiver");
    }
}

/// Runs a call that blocks on a thread, while the loop continues.
pub async fn to_thread<F, T>(call: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // The result, and the waker of the task that awaits it.
    let answer = Arc::new(Mutex::new((None, None::<Waker>)));
    let theirs = Arc::clone(&answer);
    current().pool.submit(move || {
        let result = catch_unwind(AssertUnwindSafe(call));
        let mut answer = theirs.lock().unwrap();
        answer.0 = Some(result);
        let waker = answer.1.take();
        drop(answer);
        waker.into_iter().for_each(Waker::wake);
    });
    let result = poll_fn(|cx| {
        let mut answer = answer.lock().unwrap();
        answer.1 = Some(cx.waker().clone());
        answer.0.take().map_or(Poll::Pending, Poll::Ready)
    });
    result.await.unwrap_or_else(|panic| resume_unwind(panic))
}
