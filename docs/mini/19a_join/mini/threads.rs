//! Calls that block, on threads of their own.

use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::run::current;

type Job = Box<dyn FnOnce() + Send>;

/// More than asyncio has by default on a small machine.
const MOST_THREADS: usize = 32;

pub struct Pool {
    jobs: Sender<Job>,
    queue: Receiver<Job>,
    threads: Cell<usize>,
}

impl Pool {
    pub fn new() -> Self {
        let (jobs, queue) = unbounded();
        Pool {
            jobs,
            queue,
            threads: Cell::new(0),
        }
    }

    fn submit(&self, job: impl FnOnce() + Send + 'static) {
        if self.threads.get() < MOST_THREADS {
            self.threads.set(self.threads.get() + 1);
            let queue = self.queue.clone();
            thread::spawn(move || queue.iter().for_each(|job| job()));
        }
        self.jobs
            .send(Box::new(job))
            .expect("the pool has a receiver");
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
