//! Calls that block, on threads of their own.

use std::cell::RefCell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::queue::ReadyQueue;
use super::reactor::Unparker;
use super::run::current;

type Job = Box<dyn FnOnce() + Send>;

/// More than asyncio has by default on a small machine.
const MOST_THREADS: usize = 32;

pub struct Pool {
    jobs: RefCell<Option<Sender<Job>>>,
    queue: Receiver<Job>,
    threads: RefCell<Vec<JoinHandle<()>>>,
    /// Jobs that have not ended, queued ones included.
    unfinished: Arc<AtomicUsize>,
    ready: Arc<ReadyQueue<Unparker>>,
}

impl Pool {
    pub fn new(ready: &Arc<ReadyQueue<Unparker>>) -> Self {
        let (jobs, queue) = unbounded();
        Pool {
            jobs: RefCell::new(Some(jobs)),
            queue,
            threads: RefCell::default(),
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
        let mut threads = self.threads.borrow_mut();
        if threads.len() < jobs.min(MOST_THREADS) {
            let queue = self.queue.clone();
            let work = move || queue.iter().for_each(|job| job());
            threads.push(thread::spawn(work));
        }
        // A loop that is closing refuses it, and the call never completes.
        if let Some(jobs) = &*self.jobs.borrow() {
            jobs.send(job).expect("the pool has a receiver");
        }
    }

    /// Forgets the jobs that have not begun, and waits for the others.
    pub fn close(&self) {
        self.jobs.take();
        self.queue.try_iter().for_each(drop);
        for thread in self.threads.take() {
            thread.join().expect("the panic of a call is caught");
        }
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
