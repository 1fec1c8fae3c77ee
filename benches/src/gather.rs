//! Waiting for many futures at once. All on the main future, as in a user's
//! `main`.

use std::future::ready;
use std::time::{Duration, Instant};

use futures::future::join_all;

use crate::clock::{CpuWatch, Stopwatch};
use crate::leaf::PendingOnce;
use crate::row::{Load, rows};
use crate::side::Side;

rows! { "gather",
    "10 ready" by 10 below HALF: of_ready;
    "1k ready" by 1_000 below HALF: of_ready;
    "100k ready" by 100_000 below HALF: of_ready;
    "10 wake_by_ref" by 10 below HALF: of_yielding;
    "1k wake_by_ref" by 1_000 below HALF: of_yielding;
    "100k wake_by_ref" by 100_000 below HALF: of_yielding;
    "10 sleeps (CPU)" by 10 below HALF: of_sleeping;
    "1k sleeps (CPU)" by 1_000 below HALF: of_sleeping;
    "100k sleeps (CPU)" by 100_000 below HALF: of_sleeping;
    "join_all of 10 wake_by_ref" by 10 below SAME: join_all_of_yielding;
    "join_all of 1k wake_by_ref" by 1_000 below SAME: join_all_of_yielding;
    "join_all of 100k wake_by_ref" by 100_000 below SAME: join_all_of_yielding;
    "spawn 10 and await handles" by 10 below HALF: handles;
    "spawn 1k and await handles" by 1_000 below HALF: handles;
}

/// Each runtime's own gather of futures that are ready at once.
///
/// Same work: the same vector of children is built and given away, one vector
/// of outputs comes back. The building is in the number. It cannot say what
/// waiting costs: nobody waits.
pub fn of_ready<S: Side>(load: Load) -> Duration {
    S::run(async {
        let watch = Stopwatch::start();
        for _ in 0..load.times {
            S::gather((0..load.batch).map(ready).collect()).await;
        }
        watch.stop()
    })
}

/// Each runtime's own gather of futures that wake themselves by reference and
/// are pending once.
///
/// Same work: each child is polled twice. It cannot say what children cost
/// that store their waker, as most do; for these see the row with sleeps.
pub fn of_yielding<S: Side>(load: Load) -> Duration {
    S::run(async {
        let watch = Stopwatch::start();
        for _ in 0..load.times {
            S::gather(yielding(load.batch)).await;
        }
        watch.stop()
    })
}

/// Each runtime's own gather of sleeps until one deadline, in CPU time.
///
/// Same work: each child arms a timer with the waker that it is given, is
/// woken when it is due, and is polled again. The deadline is far enough away
/// that all are armed before it comes. With few children most of the number is
/// the thread's going to sleep and waking up. It cannot say how late the sleeps
/// are. At 100k tokio's column grows out of proportion: once its budget for the
/// poll is spent, every further sleep is pending again, and `join_all` asks
/// them all in each of its polls.
pub fn of_sleeping<S: Side>(load: Load) -> Duration {
    S::run(async {
        let watch = CpuWatch::start();
        for _ in 0..load.times {
            let deadline = Instant::now() + time_to_arm(load.batch);
            S::gather((0..load.batch).map(|_| S::sleep_until(deadline)).collect()).await;
        }
        watch.stop()
    })
}

/// How long it takes at most to arm so many timers, on a busy machine.
pub(crate) fn time_to_arm(timers: u64) -> Duration {
    Duration::from_micros(100 + 2 * timers)
}

/// `join_all` of the crate `futures` on both runtimes.
///
/// Same work to the letter: what differs is only the waker that `join_all`
/// calls, and how soon the runtime polls the main future again. From 31
/// children on it is a `FuturesUnordered`, which gives each child a waker of
/// its own and yields now and then.
pub fn join_all_of_yielding<S: Side>(load: Load) -> Duration {
    S::run(async {
        let watch = Stopwatch::start();
        for _ in 0..load.times {
            join_all(yielding(load.batch)).await;
        }
        watch.stop()
    })
}

/// The same children, each in a task of its own; the handles are awaited in
/// order.
///
/// Same work: what a `gather` does, at the price of a task per child. Unlike
/// the rows of `spawn` each task is polled twice.
pub fn handles<S: Side>(load: Load) -> Duration {
    S::run(async {
        let watch = Stopwatch::start();
        for _ in 0..load.times {
            let handles: Vec<_> = yielding(load.batch).into_iter().map(S::spawn).collect();
            for handle in handles {
                handle.await.expect("the task returns");
            }
        }
        watch.stop()
    })
}

fn yielding(count: u64) -> Vec<PendingOnce> {
    (0..count).map(|_| PendingOnce::default()).collect()
}
