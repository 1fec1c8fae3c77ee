//! Model checks of the thread pool: the hand-over of a job, the idle thread that
//! ends, the end of the pool.
//!
//! **Invariant:** each check of the real order is beside one of a wrong order,
//! which the checker must find.
//!
//! The pool is the real one; the channel is the one of `sys::modelled`. The real
//! calls are checked in `to_thread`. Bounds: at most two threads in the pool,
//! two jobs, at most three preemptions.

use super::*;
use crate::base::inbox::{Inbox, Message};
use crate::base::slab::{JobKey, Slab, kind};
use crate::base::sys::Parker;
use crate::base::sys::modelled::{allow, explore};

/// A job that counts how often it runs.
struct Counting {
    runs: Arc<AtomicUsize>,
    home: Arc<Inbox>,
    key: JobKey,
}

impl Job for Counting {
    fn run(&self) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        assert!(self.home.send(Message::JobDone(self.key)).is_ok());
    }

    fn abandon(&self) -> bool {
        unreachable!("the pool abandons no job")
    }
}

/// Blocks, as the loop does, until `n` jobs have ended.
fn wait_for_ends(home: &Inbox, parker: &Parker, n: usize) {
    let mut ended = 0;
    while ended < n {
        ended += home.wait_for_messages(parker).len();
    }
}

/// Submits two jobs, the second when the first has ended if `one_by_one`, and
/// waits for both. A job that no thread runs is a deadlock.
fn all_jobs_end(pool: ThreadPool, one_by_one: bool) {
    let (home, parker) = Inbox::with_parker();
    let runs = Arc::new(AtomicUsize::new(0));
    let mut keys = Slab::<{ kind::JOB }, ()>::default();
    for _ in 0..2 {
        let job = Counting {
            runs: Arc::clone(&runs),
            home: Arc::clone(&home),
            key: keys.insert(()),
        };
        pool.submit(Arc::new(job)).expect("a thread can be started");
        if one_by_one {
            wait_for_ends(&home, &parker, 1);
        }
    }
    if !one_by_one {
        wait_for_ends(&home, &parker, 2);
    }
    pool.join();
    assert_eq!(runs.load(Ordering::Relaxed), 2, "each job runs once");
}

#[test]
fn each_job_runs_once() {
    explore(|| {
        allow(usize::MAX, 0);
        all_jobs_end(ThreadPool::new(1), false);
    });
    explore(|| {
        allow(usize::MAX, 0);
        all_jobs_end(ThreadPool::new(2), false);
    });
}

#[test]
fn a_job_that_meets_a_thread_which_ends_is_run() {
    explore(|| {
        allow(usize::MAX, 1);
        all_jobs_end(ThreadPool::new(1), true);
    });
}

#[test]
fn a_pool_that_gets_no_second_thread_serves_with_the_first() {
    explore(|| {
        allow(1, 0);
        all_jobs_end(ThreadPool::new(2), false);
    });
}

/// A pool of one thread that ends in two steps, and looks at nothing between
/// them and afterwards: an order that this pool once had.
fn pool_whose_thread_does_not_look_back() -> ThreadPool {
    fn serve(shared: &Shared) {
        loop {
            match shared.jobs.recv_timeout(KEEP_ALIVE) {
                Ok(job) => {
                    job.run();
                    drop(job);
                    shared.spare.fetch_add(1, Ordering::AcqRel);
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let claim = |n: isize| (n > 0).then_some(n - 1);
                    let spare = &shared.spare;
                    if spare
                        .fetch_update(Ordering::AcqRel, Ordering::Acquire, claim)
                        .is_ok()
                    {
                        shared.threads.fetch_sub(1, Ordering::AcqRel);
                        return;
                    }
                }
            }
        }
    }
    let pool = ThreadPool::new(1);
    assert!(pool.shared.reserve());
    let shared = Arc::clone(&pool.shared);
    let thread = spawn_thread("wrong", move || serve(&shared)).unwrap();
    pool.shared.spare.fetch_add(1, Ordering::AcqRel);
    lock(&pool.shared.handles).push(thread);
    pool
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_thread_that_ends_without_looking_back_is_caught() {
    explore(|| {
        allow(usize::MAX, 1);
        all_jobs_end(pool_whose_thread_does_not_look_back(), true);
    });
}
