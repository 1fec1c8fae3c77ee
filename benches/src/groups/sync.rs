//! Locks, semaphores and queues between the tasks of one thread.
//!
//! Here the contenders are not runtimes but what a user of one takes: ours on
//! our loop, tokio's `sync` on tokio, and the crates `async-lock` and
//! `async-channel`, which work everywhere, on our loop as well. Each does the
//! same with what it is, so a row is a macro and not a generic function.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use executor::sync::{Lock, Queue, Semaphore};
use tokio::sync::mpsc;

use crate::clock::Stopwatch;
use crate::contender::{Contender, Load, Work};
use crate::row::{Row, SAME};
use crate::side::{Executor, Side, Tokio};

/// The rows of this group.
pub fn rows() -> Vec<Row> {
    let row = |name, batch, works: [(&'static str, Work); 3]| Row {
        group: "sync",
        name,
        batch,
        goal: SAME,
        contenders: works.map(|(name, work)| Contender::new(name, work)).into(),
    };
    let sides = ["executor", "tokio", "async-lock here"];
    let with = |works: [Work; 3]| [0, 1, 2].map(|n| (sides[n], works[n]));
    let channels = ["executor", "tokio", "async-channel here"];
    let queues = |works: [Work; 3]| [0, 1, 2].map(|n| (channels[n], works[n]));
    vec![
        row(
            "lock, free",
            1,
            with([free_lock::ours, free_lock::tokio, free_lock::elsewhere]),
        ),
        row(
            "lock, two tasks by turns",
            2,
            with([lock::ours, lock::tokio, lock::elsewhere]),
        ),
        row(
            "semaphore ping-pong",
            1,
            with([permits::ours, permits::tokio, permits::elsewhere]),
        ),
        row(
            "queue ping-pong",
            1,
            queues([queue::ours, queue::tokio, queue::elsewhere]),
        ),
        row(
            "queue of 100, per item",
            1000,
            queues([items::ours, items::tokio, items::elsewhere]),
        ),
    ]
}

/// Locks and unlocks, on the main future, with no other waiter.
mod free_lock {
    use super::*;

    macro_rules! work {
        ($name:ident, $side:ty, $lock:expr) => {
            pub(super) fn $name(load: Load) -> Duration {
                let lock = $lock;
                <$side>::run(async {
                    let watch = Stopwatch::start();
                    for _ in 0..load.times {
                        *lock.lock().await += 1;
                    }
                    watch.stop()
                })
            }
        };
    }

    work!(ours, Executor, Lock::new(0_u64));
    work!(tokio, Tokio, tokio::sync::Mutex::new(0_u64));
    work!(elsewhere, Executor, async_lock::Mutex::new(0_u64));
}

/// Two tasks that each lock, let the other run, and unlock: every lock has to
/// wait for the other's unlock.
mod lock {
    use super::*;

    macro_rules! work {
        ($name:ident, $side:ty, $spawn:path, $shared:ident, $lock:expr) => {
            pub(super) fn $name(load: Load) -> Duration {
                <$side>::run(async {
                    let lock = $shared::new($lock);
                    let watch = Stopwatch::start();
                    let tasks = [(); 2].map(|()| {
                        let lock = $shared::clone(&lock);
                        $spawn(async move {
                            for _ in 0..load.times {
                                let mut count = lock.lock().await;
                                <$side>::yield_now().await;
                                *count += 1;
                            }
                        })
                    });
                    for task in tasks {
                        task.await.expect("the task returns");
                    }
                    watch.stop()
                })
            }
        };
    }

    work!(ours, Executor, executor::spawn, Rc, Lock::new(0_u64));
    work!(
        tokio,
        Tokio,
        tokio::spawn,
        Arc,
        tokio::sync::Mutex::new(0_u64)
    );
    work!(
        elsewhere,
        Executor,
        executor::spawn,
        Arc,
        async_lock::Mutex::new(0_u64)
    );
}

/// Two tasks and two semaphores: a permit goes there and back.
mod permits {
    use super::*;

    macro_rules! work {
        ($name:ident, $side:ty, $spawn:path, $shared:ident, $new:path $(, $unwrap:ident)?) => {
            pub(super) fn $name(load: Load) -> Duration {
                <$side>::run(async {
                    let [there, back] = [(); 2].map(|()| $shared::new($new(0)));
                    let (from, to) = ($shared::clone(&there), $shared::clone(&back));
                    let pong = $spawn(async move {
                        for _ in 0..load.times {
                            from.acquire().await $(.$unwrap())?.forget();
                            to.add_permits(1);
                        }
                    });
                    let ping = $spawn(async move {
                        let watch = Stopwatch::start();
                        for _ in 0..load.times {
                            there.add_permits(1);
                            back.acquire().await $(.$unwrap())?.forget();
                        }
                        watch.stop()
                    });
                    pong.await.expect("the task returns");
                    ping.await.expect("the task returns")
                })
            }
        };
    }

    work!(ours, Executor, executor::spawn, Rc, Semaphore::new);
    work!(
        tokio,
        Tokio,
        tokio::spawn,
        Arc,
        tokio::sync::Semaphore::new,
        unwrap
    );
    work!(
        elsewhere,
        Executor,
        executor::spawn,
        Arc,
        async_lock::Semaphore::new
    );
}

/// A queue as a pair of its ends, as channels are.
fn queue_of<T>(size: usize) -> (Rc<Queue<T>>, Rc<Queue<T>>) {
    let queue = Rc::new(Queue::new(size));
    (Rc::clone(&queue), queue)
}

/// Two tasks and two queues with room for one: a number goes there and back.
mod queue {
    use super::*;

    macro_rules! work {
        ($name:ident, $side:ty, $spawn:path, $new:path, $put:ident, $get:ident) => {
            #[allow(unused_mut, reason = "tokio's receiving end has to be")]
            pub(super) fn $name(load: Load) -> Duration {
                <$side>::run(async {
                    let (to_pong, mut at_pong) = $new(1);
                    let (to_ping, mut at_ping) = $new(1);
                    let pong = $spawn(async move {
                        for _ in 0..load.times {
                            let number: u64 = at_pong.$get().await.expect("ping puts");
                            to_ping.$put(number).await.expect("ping gets");
                        }
                    });
                    let ping = $spawn(async move {
                        let watch = Stopwatch::start();
                        for number in 0..load.times {
                            to_pong.$put(number).await.expect("pong gets");
                            at_ping.$get().await.expect("pong puts");
                        }
                        watch.stop()
                    });
                    pong.await.expect("the task returns");
                    ping.await.expect("the task returns")
                })
            }
        };
    }

    work!(ours, Executor, executor::spawn, queue_of, put, get);
    work!(tokio, Tokio, tokio::spawn, mpsc::channel, send, recv);
    work!(
        elsewhere,
        Executor,
        executor::spawn,
        async_channel::bounded,
        send,
        recv
    );
}

/// One task puts a batch of numbers into a queue with room for a hundred, one
/// takes them out.
mod items {
    use super::*;

    macro_rules! work {
        ($name:ident, $side:ty, $spawn:path, $new:path, $put:ident, $get:ident) => {
            #[allow(unused_mut, reason = "tokio's receiving end has to be")]
            pub(super) fn $name(load: Load) -> Duration {
                <$side>::run(async {
                    let numbers = load.times * load.batch;
                    let (puts, mut gets) = $new(100);
                    let consumer = $spawn(async move {
                        let mut sum = 0;
                        for _ in 0..numbers {
                            let number: u64 = gets.$get().await.expect("it is put");
                            sum += number;
                        }
                        sum
                    });
                    let watch = Stopwatch::start();
                    let producer = $spawn(async move {
                        for number in 0..numbers {
                            puts.$put(number).await.expect("it is taken");
                        }
                    });
                    producer.await.expect("the task returns");
                    consumer.await.expect("the task returns");
                    watch.stop()
                })
            }
        };
    }

    work!(ours, Executor, executor::spawn, queue_of, put, get);
    work!(tokio, Tokio, tokio::spawn, mpsc::channel, send, recv);
    work!(
        elsewhere,
        Executor,
        executor::spawn,
        async_channel::bounded,
        send,
        recv
    );
}
