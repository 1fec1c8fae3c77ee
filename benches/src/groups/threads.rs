//! Calls that block, on threads.

use std::hint::black_box;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::contender::Load;
use crate::row::rows;
use crate::side::Threaded;

rows! { "threads",
    "blocking call, one at a time" by 1 below SAME: [timed] one_at_a_time, floor one_by_hand;
    "10k blocking calls at once" by 10_000 below SAME: [timed] at_once, floor at_once_by_hand;
}

/// A call that returns at once, on a thread, awaited; again and again.
///
/// Same work: hand over, wake a thread, wake the loop. The thread is the same
/// one each time and is started before the watch. Mostly system calls: with
/// two free cores or with one the number is another, for both.
pub fn one_at_a_time<S: Threaded>(load: Load) -> Duration {
    S::run(async {
        S::blocking(|| ()).await;
        let watch = Stopwatch::start();
        for i in 0..load.times {
            S::blocking(move || black_box(i)).await;
        }
        watch.stop()
    })
}

/// A burst of calls that return at once, on a fresh runtime; all are handed
/// over before the first is awaited.
///
/// Same work: the same calls, the threads started for them included. What
/// differs is the policy: tokio starts a thread per call up to 512, the
/// executor keeps to a few more than the machine has cores. For calls that
/// sleep, tokio's way is the faster one; this row cannot say so.
pub fn at_once<S: Threaded>(load: Load) -> Duration {
    let burst = |_| {
        S::run(async {
            let watch = Stopwatch::start();
            let calls = (0..load.batch).map(|i| move || black_box(i)).collect();
            S::blocking_all(calls).await;
            watch.stop()
        })
    };
    (0..load.times).map(burst).sum()
}

/// The floor: a thread that waits on a channel, and one for the answers.
pub fn one_by_hand(load: Load) -> Duration {
    with_worker(|send| {
        send(0);
        let watch = Stopwatch::start();
        for i in 0..load.times {
            send(i);
        }
        watch.stop()
    })
}

fn with_worker(measure: impl FnOnce(&dyn Fn(u64)) -> Duration) -> Duration {
    let (jobs, inbox) = mpsc::channel();
    let (answers, answered) = mpsc::channel();
    let worker = thread::spawn(move || {
        for job in inbox {
            answers.send(black_box(job)).expect("the receiver waits");
        }
    });
    let took = measure(&|job| {
        jobs.send(job).expect("the thread lives");
        answered.recv().expect("the thread answers");
    });
    drop(jobs);
    worker.join().expect("the thread does not panic");
    took
}

/// The floor of a burst: the same channels and thread, all handed over before
/// the first answer is read.
pub fn at_once_by_hand(load: Load) -> Duration {
    let burst = |_| {
        let watch = Stopwatch::start();
        let (jobs, inbox) = mpsc::channel();
        let (answers, answered) = mpsc::channel();
        let worker = thread::spawn(move || {
            for job in inbox {
                answers.send(black_box(job)).expect("the receiver waits");
            }
        });
        for job in 0..load.batch {
            jobs.send(job).expect("the thread lives");
        }
        drop(jobs);
        assert_eq!(answered.iter().count() as u64, load.batch);
        let took = watch.stop();
        worker.join().expect("the thread does not panic");
        took
    };
    (0..load.times).map(burst).sum()
}
