//! Sleeps and timeouts.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::clock::{CpuWatch, Stopwatch};
use crate::gather::time_to_arm;
use crate::leaf::poll_once_and_drop;
use crate::row::{Load, rows};
use crate::side::Side;

rows! { "timers",
    "10k sleeps, one deadline (CPU)" by 10_000 below SAME: one_deadline;
    "100k sleeps, one deadline (CPU)" by 100_000 below SAME: one_deadline;
    "10k sleeps, random deadlines (CPU)" by 10_000 below SAME: random_deadlines;
    "10k sleeps, random deadlines, lateness" by 1 below SAME: random_lateness;
    "sleep armed and dropped" by 1 below HALF: armed_and_dropped;
    "sleep armed and dropped, 100k live" by 10_000 below HALF: armed_and_dropped_among_others;
    "timeout of a ready future" by 1 below HALF: timeout_of_ready;
    "50 us sleep, lateness" by 1 below SAME: lateness;
    "50 us sleep (CPU)" by 1 below SAME: short_sleep;
}

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_micros(50);

/// A batch of tasks that sleep until the same moment, in CPU time, from the
/// first spawn to the last join.
///
/// Same work: spawn, poll, arm, fire, poll again, join. The deadline is far
/// enough away that all are armed before it comes. It cannot tell the cost of
/// the timers from that of the tasks; the rows of `spawn` have the latter.
pub fn one_deadline<S: Side>(load: Load) -> Duration {
    sleeping_tasks::<S>(load, |_| Duration::ZERO)
}

/// The same with deadlines in no order, ten microseconds apart on average.
///
/// Same work as above. The executor fires each at its own nanosecond, tokio
/// those of a millisecond together: the executor goes to sleep and wakes up
/// thousands of times where tokio does so a hundred times. The row after this
/// one says what that buys. (Much closer together, the deadlines would leave
/// no time to sleep, and the number would only be the time on the wall.)
pub fn random_deadlines<S: Side>(load: Load) -> Duration {
    let mut numbers = Numbers::default();
    sleeping_tasks::<S>(load, |batch| numbers.spread(batch))
}

/// 10,000 sleeps with random deadlines, as above: how late one is, in the
/// median.
///
/// Same work: the tasks themselves read the clock when they go on. It cannot
/// say what the latest of them saw, only what is usual.
pub fn random_lateness<S: Side>(load: Load) -> Duration {
    const TASKS: u64 = 10_000;
    let mut numbers = Numbers::default();
    let one_time = |_| {
        S::run(async {
            let from = Instant::now() + time_to_arm(TASKS);
            let mut spawn = |_| {
                let deadline = from + numbers.spread(TASKS);
                S::spawn(async move {
                    S::sleep_until(deadline).await;
                    deadline.elapsed()
                })
            };
            let handles: Vec<_> = (0..TASKS).map(&mut spawn).collect();
            let mut late = Vec::with_capacity(handles.len());
            for handle in handles {
                late.push(handle.await.expect("the task returns"));
            }
            median(late)
        })
    };
    (0..load.times).map(one_time).sum()
}

/// Spawns tasks that sleep until a common moment and some more, and joins
/// them.
fn sleeping_tasks<S: Side>(load: Load, mut more: impl FnMut(u64) -> Duration) -> Duration {
    S::run(async {
        let watch = CpuWatch::start();
        for _ in 0..load.times {
            let deadline = Instant::now() + time_to_arm(load.batch);
            let handles: Vec<_> = (0..load.batch)
                .map(|_| S::spawn(S::sleep_until(deadline + more(load.batch))))
                .collect();
            for handle in handles {
                handle.await.expect("the task returns");
            }
        }
        watch.stop()
    })
}

/// A sleep of an hour is built, polled once and dropped: what a timeout costs
/// that never fires.
///
/// Same work: arm and cancel. Building a sleep reads the clock on both sides.
/// It cannot say what a cancel costs among other timers; the next row does.
pub fn armed_and_dropped<S: Side>(load: Load) -> Duration {
    S::run(async {
        let watch = Stopwatch::start();
        for _ in 0..load.times {
            poll_once_and_drop(S::sleep(HOUR)).await;
        }
        watch.stop()
    })
}

/// The same while 100,000 other sleeps are armed; all deadlines are spread
/// over an hour in no order.
///
/// Same work: the others are armed before the watch starts. Random deadlines
/// are hard on an ordered queue; if every timeout had the same length, a new
/// one would always go to the end.
pub fn armed_and_dropped_among_others<S: Side>(load: Load) -> Duration {
    const OTHERS: usize = 100_000;
    S::run(async {
        let mut numbers = Numbers::default();
        let mut in_an_hour = || HOUR + Duration::from_micros(numbers.below(3_600_000_000));
        let mut others: Vec<_> = (0..OTHERS)
            .map(|_| Box::pin(S::sleep(in_an_hour())))
            .collect();
        poll_fn(|cx| {
            for other in &mut others {
                assert!(other.as_mut().poll(cx).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        let watch = Stopwatch::start();
        for _ in 0..load.batch * load.times {
            poll_once_and_drop(S::sleep(in_an_hour())).await;
        }
        watch.stop()
    })
}

/// A timeout of an hour around a future that is ready at once.
///
/// Same work: nothing but the timeout's own. It cannot say what one costs
/// whose future waits: see the row "sleep armed and dropped".
pub fn timeout_of_ready<S: Side>(load: Load) -> Duration {
    S::run(async {
        let watch = Stopwatch::start();
        for _ in 0..load.times {
            S::timeout(HOUR, async {}).await.expect("it is ready");
        }
        watch.stop()
    })
}

/// One sleep of 50 microseconds after another: how late each is, in the
/// median.
///
/// Same work: the deadline is read from the clock before the sleep is built,
/// and the clock is read again when it has ended. What differs is the promise:
/// tokio's timers have a resolution of one millisecond and say so. A loop that
/// is otherwise idle; it cannot say how late a sleep is on a busy one.
pub fn lateness<S: Side>(load: Load) -> Duration {
    S::run(async {
        let mut late = Vec::with_capacity(load.times as usize);
        for _ in 0..load.times {
            let deadline = Instant::now() + SHORT;
            S::sleep(SHORT).await;
            late.push(deadline.elapsed());
        }
        median(late) * load.times as u32
    })
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations[durations.len() / 2]
}

/// One sleep of 50 microseconds after another: what each costs in CPU time.
///
/// Same work: arm, go to sleep, wake up, fire; mostly system calls. tokio
/// sleeps longer for it (see the row above), which is not in this number.
pub fn short_sleep<S: Side>(load: Load) -> Duration {
    S::run(async {
        let watch = CpuWatch::start();
        for _ in 0..load.times {
            S::sleep(SHORT).await;
        }
        watch.stop()
    })
}

/// Numbers in no order, the same ones every time.
struct Numbers(u64);

impl Default for Numbers {
    fn default() -> Self {
        Numbers(0x9e37_79b9_7f4a_7c15)
    }
}

impl Numbers {
    /// One of so many moments that are ten microseconds apart on average.
    fn spread(&mut self, moments: u64) -> Duration {
        Duration::from_nanos(self.below(10_000 * moments))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
