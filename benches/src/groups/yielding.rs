//! Giving the others a turn (group `yield`).

use std::time::Duration;

use crate::clock::Stopwatch;
use crate::contender::Load;
use crate::floor::Queue;
use crate::leaf::PendingOnce;
use crate::row::rows;
use crate::side::Side;

rows! { "yield",
    "main future, own yield_now" by 1 below HALF: main_future, floor by_hand;
    "1 task, own yield_now" by 1 below HALF: own, floor by_hand;
    "1 task, wake_by_ref" by 1 below HALF: by_reference, floor by_hand;
    "1000 tasks, wake_by_ref" by 1_000_000 below HALF: by_reference_in_turn, floor in_turn_by_hand;
}

/// The main future yields with the runtime's own `yield_now`.
///
/// Same work: one future, polled again and again with nothing else to do. It
/// cannot say what other ready tasks pay: there are none.
pub fn main_future<S: Side>(load: Load) -> Duration {
    S::run(yield_often::<S>(load.times))
}

/// A spawned task yields with the runtime's own `yield_now`.
///
/// Same work as above, in a task. What a yield promises differs: tokio's also
/// lets its drivers run before the task goes on, and pays for that each time;
/// the executor looks at the world once in 61 polls.
pub fn own<S: Side>(load: Load) -> Duration {
    S::run(async {
        S::spawn(yield_often::<S>(load.times))
            .await
            .expect("the task returns")
    })
}

async fn yield_often<S: Side>(times: u64) -> Duration {
    let watch = Stopwatch::start();
    for _ in 0..times {
        S::yield_now().await;
    }
    watch.stop()
}

/// A spawned task wakes itself by reference and is pending.
///
/// Same work: a future of neither runtime, so both see a plain wake of the
/// task that is being polled. It cannot say what a stored clone of a waker
/// costs.
pub fn by_reference<S: Side>(load: Load) -> Duration {
    S::run(async {
        let task = S::spawn(async move {
            let watch = Stopwatch::start();
            for _ in 0..load.times {
                PendingOnce::default().await;
            }
            watch.stop()
        });
        task.await.expect("the task returns")
    })
}

/// 1000 tasks that each wake themselves 1000 times: the ready queue is long,
/// and every task has left the processor's nearest cache when its turn comes.
///
/// Same work as above. The tasks are spawned and joined inside the measured
/// time, a thousandth of the operations.
pub fn by_reference_in_turn<S: Side>(load: Load) -> Duration {
    const TASKS: u64 = 1_000;
    let turns = load.batch / TASKS * load.times;
    S::run(async {
        let watch = Stopwatch::start();
        let yield_in_turn = |_| {
            S::spawn(async move {
                for _ in 0..turns {
                    PendingOnce::default().await;
                }
            })
        };
        let handles: Vec<_> = (0..TASKS).map(yield_in_turn).collect();
        for handle in handles {
            handle.await.expect("the task returns");
        }
        watch.stop()
    })
}

/// The floor: a boxed future that is polled in a loop.
pub fn by_hand(load: Load) -> Duration {
    let mut queue = Queue::default();
    queue.spawn(async move {
        for _ in 0..load.times {
            PendingOnce::default().await;
        }
    });
    let watch = Stopwatch::start();
    queue.run();
    watch.stop()
}

/// The same with 1000 of them.
pub fn in_turn_by_hand(load: Load) -> Duration {
    const TASKS: u64 = 1_000;
    let turns = load.batch / TASKS * load.times;
    let mut queue = Queue::default();
    let watch = Stopwatch::start();
    for _ in 0..TASKS {
        queue.spawn(async move {
            for _ in 0..turns {
                PendingOnce::default().await;
            }
        });
    }
    queue.run();
    watch.stop()
}
