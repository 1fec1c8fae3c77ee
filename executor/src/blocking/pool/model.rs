//! Model checks of the thread pool: the hand-over of a job, the idle thread
//! that goes away, the job that is abandoned, the end.
//!
//! **Invariant:** each check of the real order stands beside a wrong one, of
//! which the checker must say that it fails.
//!
//! The pool and its jobs are the real ones; the channel between them is
//! `sys::modelled`'s. Bounds: at most two threads in the pool, two jobs, at
//! most three preemptions.

use loom::thread;

use super::*;
use crate::slab::{Slab, of};
use crate::sys::modelled::{allow, explore};

type Letters = Vec<Mail>;

/// A call that counts how often it ran, on its way to `home`.
fn counting_job(home: &Arc<Mailbox>, key: JobKey, runs: &Arc<AtomicUsize>) -> Arc<dyn Job> {
    let runs = Arc::clone(runs);
    let call = move || runs.fetch_add(1, Ordering::Relaxed);
    Arc::new(Call::new(call, Context::EMPTY, Arc::clone(home), key))
}

/// Sleeps, as the loop does, until `ends` jobs have ended.
fn wait_for_ends(home: &Mailbox, ends: usize) {
    let mut ended = 0;
    while ended < ends {
        home.park(None);
        if home.has_mail() {
            let mut letters = Letters::new();
            home.take_mail(&mut letters);
            ended += letters.len();
        }
    }
}

/// Hands in two jobs, the second when the first has ended if `one_by_one`, and
/// waits for both. A job that no thread comes for is a deadlock.
fn all_jobs_end(pool: ThreadPool, one_by_one: bool) {
    let home = Arc::new(Mailbox::new());
    let runs = Arc::new(AtomicUsize::new(0));
    let mut keys = Slab::<of::Job, ()>::default();
    for _ in 0..2 {
        let job = counting_job(&home, keys.insert(()), &runs);
        pool.submit(job).expect("a thread can be started");
        if one_by_one {
            wait_for_ends(&home, 1);
        }
    }
    if !one_by_one {
        wait_for_ends(&home, 2);
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
fn a_job_that_meets_a_thread_which_goes_away_is_not_forgotten() {
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

/// A pool of one thread which goes away in two steps, and looks at nothing
/// between them and afterwards: the order that this pool had once.
fn pool_that_forgets() -> ThreadPool {
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
    assert!(pool.shared.claim_place());
    let shared = Arc::clone(&pool.shared);
    let thread = spawn_thread("forgets", move || serve(&shared)).unwrap();
    pool.shared.spare.fetch_add(1, Ordering::AcqRel);
    lock(&pool.shared.handles).push(thread);
    pool
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_thread_that_goes_away_without_looking_back_is_caught() {
    explore(|| {
        allow(usize::MAX, 1);
        all_jobs_end(pool_that_forgets(), true);
    });
}

// ---- abandoning -------------------------------------------------------------

/// A job that is abandoned while a thread comes for it ran and told its home,
/// or did neither; and whoever abandoned it knows which.
fn abandoned_or_run(abandon: fn(&dyn Fn() -> Started, &AtomicUsize) -> Started) {
    let home = Arc::new(Mailbox::new());
    let runs = Arc::new(AtomicUsize::new(0));
    let mut keys = Slab::<of::Job, ()>::default();
    let job = counting_job(&home, keys.insert(()), &runs);
    let runner = {
        let job = Arc::clone(&job);
        thread::spawn(move || job.run())
    };
    let started = abandon(&|| job.abandon(), &runs);
    runner.join().unwrap();
    let (ran, told) = (runs.load(Ordering::Relaxed), home.has_mail());
    let truth = if started == Started::Yes {
        (1, true)
    } else {
        (0, false)
    };
    assert_eq!((ran, told), truth, "what became of the job");
}

#[test]
fn an_abandoned_job_has_run_or_never_does() {
    explore(|| abandoned_or_run(|abandon, _| abandon()));
}

#[test]
#[should_panic(expected = "what became of the job")]
fn whoever_decides_before_it_abandons_is_caught() {
    explore(|| {
        abandoned_or_run(|abandon, runs| {
            let looked = runs.load(Ordering::Relaxed);
            abandon();
            if looked == 0 {
                Started::No
            } else {
                Started::Yes
            }
        });
    });
}
