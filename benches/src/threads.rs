//! Calls that block, on threads.

use std::hint::black_box;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::row::{Load, rows};
use crate::side::Side;

rows! { "threads",
    "blocking call, one at a time" by 1 below SAME: one_at_a_time;
    "10k blocking calls at once" by 10_000 below SAME: at_once;
}

/// A call that returns at once, on a thread, awaited; again and again.
///
/// Same work: hand over, wake a thread, wake the loop. The thread is the same
/// one each time and is started before the watch. Mostly system calls: with
/// two free cores or with one the number is another, for both.
pub fn one_at_a_time<S: Side>(load: Load) -> Duration {
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
pub fn at_once<S: Side>(load: Load) -> Duration {
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
