//! Starting tasks and awaiting their handles.

use std::hint::black_box;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::contender::Load;
use crate::floor::Queue;
use crate::row::rows;
use crate::side::Side;

rows! { "spawn",
    "1k tasks, join all" by 1_000 below HALF: many, floor many_by_hand;
    "100k tasks, join all" by 100_000 below HALF: many, floor many_by_hand;
    "one task, await it" by 1 below HALF: one, floor one_by_hand;
}

/// Spawns a batch of tasks that return a number, then awaits every handle in
/// order.
///
/// Same work: the same futures, the same vector of handles, one waiter. It
/// cannot say what a task with a large future costs, nor one that waits for
/// something: these end at their first poll.
pub fn many<S: Side>(load: Load) -> Duration {
    S::run(async {
        let watch = Stopwatch::start();
        for _ in 0..load.times {
            let handles: Vec<_> = (0..load.batch)
                .map(|i| S::spawn(async move { black_box(i) }))
                .collect();
            for handle in handles {
                handle.await.expect("the task returns");
            }
        }
        watch.stop()
    })
}

/// Spawns a task that returns a number and awaits its handle, again and again,
/// on the main future.
///
/// Same work: one task, two polls of the main future. It cannot say what the
/// same costs inside a spawned task, where tokio is faster: between two polls
/// of the main future it looks at its poller.
pub fn one<S: Side>(load: Load) -> Duration {
    S::run(async {
        let watch = Stopwatch::start();
        for i in 0..load.times {
            S::spawn(async move { black_box(i) })
                .await
                .expect("the task returns");
        }
        watch.stop()
    })
}

/// The floor: a box for the future, a cell for its output, a queue.
pub fn many_by_hand(load: Load) -> Duration {
    let watch = Stopwatch::start();
    for _ in 0..load.times {
        let mut queue = Queue::default();
        let outputs: Vec<_> = (0..load.batch)
            .map(|i| queue.spawn(async move { black_box(i) }))
            .collect();
        queue.run();
        for output in outputs {
            output.take().expect("the task returns");
        }
    }
    watch.stop()
}

/// The same, one after another.
pub fn one_by_hand(load: Load) -> Duration {
    let mut queue = Queue::default();
    let watch = Stopwatch::start();
    for i in 0..load.times {
        let output = queue.spawn(async move { black_box(i) });
        queue.run();
        output.take().expect("the task returns");
    }
    watch.stop()
}
