//! Waiting for many futures at once. All on the main future, as in a user's
//! `main`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures::future::join_all;

use crate::clock::{CpuWatch, RuntimeCpuWatch, Stopwatch, time_to_arm};
use crate::contender::Load;
use crate::floor::Queue;
use crate::leaf::PendingOnce;
use crate::row::rows;
use crate::side::{Side, Timed};

rows! { "gather",
    "10 ready" by 10 below HALF: of_ready, floor ready_by_hand;
    "1k ready" by 1_000 below HALF: of_ready, floor ready_by_hand;
    "100k ready" by 100_000 below HALF: of_ready, floor ready_by_hand;
    "10 wake_by_ref" by 10 below HALF: of_yielding, floor yielding_by_hand;
    "1k wake_by_ref" by 1_000 below HALF: of_yielding, floor yielding_by_hand;
    "100k wake_by_ref" by 100_000 below HALF: of_yielding, floor yielding_by_hand;
    "10 sleeps (CPU)" by 10 below HALF: [timed] of_sleeping, floor sleeping_by_hand;
    "1k sleeps (CPU)" by 1_000 below HALF: [timed] of_sleeping, floor sleeping_by_hand;
    "100k sleeps (CPU)" by 100_000 below HALF: [timed] of_sleeping, floor sleeping_by_hand;
    "join_all of 10 wake_by_ref" by 10 below SAME: join_all_of_yielding, floor yielding_by_hand;
    "join_all of 1k wake_by_ref" by 1_000 below SAME: join_all_of_yielding, floor yielding_by_hand;
    "join_all of 100k wake_by_ref" by 100_000 below SAME: join_all_of_yielding, floor yielding_by_hand;
    "spawn 10 and await handles" by 10 below HALF: handles, floor handles_by_hand;
    "spawn 1k and await handles" by 1_000 below HALF: handles, floor handles_by_hand;
    "spawn 100k and await handles" by 100_000 below HALF: handles, floor handles_by_hand;
}

/// Each runtime's own gather of futures that are ready at once.
///
/// Same work: the same vector of children is built and given away, one vector
/// of outputs comes back. The building is in the number. It cannot say what
/// waiting costs: no child waits.
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
pub fn of_sleeping<S: Timed>(load: Load) -> Duration {
    S::run(async {
        let watch = RuntimeCpuWatch::start::<S>();
        for _ in 0..load.times {
            let deadline = Instant::now() + time_to_arm(load.batch);
            S::gather((0..load.batch).map(|_| S::sleep_until(deadline)).collect()).await;
        }
        watch.stop()
    })
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

/// The floor: all children polled from first to last until none is pending.
fn by_hand<F: Future + Unpin>(load: Load, children: impl Fn(u64) -> Vec<F>) -> Duration {
    let mut cx = Context::from_waker(Waker::noop());
    let watch = Stopwatch::start();
    for _ in 0..load.times {
        let mut children = children(load.batch);
        let mut outputs: Vec<Option<F::Output>> = children.iter().map(|_| None).collect();
        let mut left = children.len();
        while left > 0 {
            for (child, output) in children.iter_mut().zip(&mut outputs) {
                if output.is_some() {
                    continue;
                }
                if let Poll::Ready(value) = Pin::new(child).poll(&mut cx) {
                    *output = Some(value);
                    left -= 1;
                }
            }
        }
        std::hint::black_box(outputs);
    }
    watch.stop()
}

/// The floor for children that are ready.
pub fn ready_by_hand(load: Load) -> Duration {
    by_hand(load, |count| (0..count).map(ready).collect())
}

/// The floor for children that are pending once.
pub fn yielding_by_hand(load: Load) -> Duration {
    by_hand(load, yielding)
}

/// The floor for sleeps: deadlines in a heap, one sleep of the thread.
pub fn sleeping_by_hand(load: Load) -> Duration {
    let watch = CpuWatch::start();
    for _ in 0..load.times {
        let deadline = Instant::now() + time_to_arm(load.batch);
        let mut heap: BinaryHeap<_> = (0..load.batch).map(|i| Reverse((deadline, i))).collect();
        while let Some(Reverse((deadline, _))) = heap.pop() {
            let early = deadline.saturating_duration_since(Instant::now());
            if !early.is_zero() {
                thread::sleep(early);
            }
        }
    }
    watch.stop()
}

/// The floor for handles: a queue of boxed futures.
pub fn handles_by_hand(load: Load) -> Duration {
    let watch = Stopwatch::start();
    for _ in 0..load.times {
        let mut queue = Queue::default();
        let children = yielding(load.batch).into_iter();
        let outputs: Vec<_> = children.map(|child| queue.spawn(child)).collect();
        queue.run();
        for output in outputs {
            output.take().expect("the task returns");
        }
    }
    watch.stop()
}
