//! Sleeps and timeouts.

pub(crate) mod floor;

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::clock::{RuntimeCpuWatch, Stopwatch, time_to_arm};
use crate::contender::Load;
use crate::leaf::poll_once_and_drop;
use crate::row::rows;
use crate::side::Timed;
use crate::stats::percentile;

rows! { "timers",
    "10k sleeps, one deadline (CPU)" by 10_000 below SAME:
        [timed] one_deadline, floor floor::one_deadline;
    "100k sleeps, one deadline (CPU)" by 100_000 below SAME:
        [timed] one_deadline, floor floor::one_deadline;
    "10k sleeps, random deadlines (CPU)" by 10_000 below SAME:
        [timed] random_deadlines, floor floor::random_deadlines;
    "10k sleeps, random deadlines, lateness p50" by 1 below SAME:
        [timed] random_lateness_p50, floor floor::random_lateness_p50;
    "10k sleeps, random deadlines, lateness p99" by 1 below SAME:
        [timed] random_lateness_p99, floor floor::random_lateness_p99;
    "sleep armed and dropped" by 1 below HALF:
        [timed] armed_and_dropped, floor floor::armed_and_dropped;
    "sleep armed and dropped, 100k live" by 10_000 below HALF:
        [timed] armed_and_dropped_among_others, floor floor::armed_and_dropped_among_others;
    "timeout of a ready future" by 1 below HALF: [timed] timeout_of_ready, floor floor::timeout;
    "50 us sleep, lateness" by 1 below SAME: [timed] lateness, floor floor::lateness;
    "50 us sleep (CPU)" by 1 below SAME: [timed] short_sleep, floor floor::short_sleep;
}

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_micros(50);

/// A batch of tasks that sleep until the same moment, in CPU time, from the
/// first spawn to the last join.
///
/// Same work: spawn, poll, arm, fire, poll again, join. The deadline is far
/// enough away that all are armed before it comes. It cannot tell the cost of
/// the timers from that of the tasks; the rows of `spawn` have the latter.
pub fn one_deadline<S: Timed>(load: Load) -> Duration {
    sleeping_tasks::<S>(load, |_| Duration::ZERO)
}

/// The same with deadlines in no order, ten microseconds apart on average.
///
/// Same work as above. The executor fires each at its own nanosecond, tokio
/// those of a millisecond together: the executor goes to sleep and wakes up
/// thousands of times where tokio does so a hundred times. The row after this
/// one says what that buys. (Much closer together, the deadlines would leave
/// no time to sleep, and the number would only be the time on the wall.)
pub fn random_deadlines<S: Timed>(load: Load) -> Duration {
    let mut numbers = Numbers::default();
    sleeping_tasks::<S>(load, |batch| numbers.spread(batch))
}

/// 10,000 sleeps with random deadlines, as above: how late one is, in the
/// median.
///
/// Same work: the tasks themselves read the clock when they go on.
pub fn random_lateness_p50<S: Timed>(load: Load) -> Duration {
    random_lateness::<S>(load, 50)
}

/// The same for the one sleep in a hundred that is later than all others but
/// its like. A machine that does something else for a moment shows here first.
pub fn random_lateness_p99<S: Timed>(load: Load) -> Duration {
    random_lateness::<S>(load, 99)
}

fn random_lateness<S: Timed>(load: Load, percent: usize) -> Duration {
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
            percentile(late, percent)
        })
    };
    (0..load.times).map(one_time).sum()
}

/// Spawns tasks that sleep until a common moment and some more, and joins
/// them.
fn sleeping_tasks<S: Timed>(load: Load, mut more: impl FnMut(u64) -> Duration) -> Duration {
    S::run(async {
        let watch = RuntimeCpuWatch::start::<S>();
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
pub fn armed_and_dropped<S: Timed>(load: Load) -> Duration {
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
pub fn armed_and_dropped_among_others<S: Timed>(load: Load) -> Duration {
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
pub fn timeout_of_ready<S: Timed>(load: Load) -> Duration {
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
pub fn lateness<S: Timed>(load: Load) -> Duration {
    let late = latenesses::<S>(SHORT, load.times);
    percentile(late, 50) * load.times as u32
}

/// Returns how late each of that many sleeps is, one after another.
pub(crate) fn latenesses<S: Timed>(length: Duration, times: u64) -> Vec<Duration> {
    S::run(async {
        let mut late = Vec::with_capacity(times as usize);
        for _ in 0..times {
            let deadline = Instant::now() + length;
            S::sleep(length).await;
            late.push(deadline.elapsed());
        }
        late
    })
}

/// One sleep of 50 microseconds after another: what each costs in CPU time.
///
/// Same work: arm, go to sleep, wake up, fire; mostly system calls. tokio
/// sleeps longer for it (see the row above), which is not in this number.
pub fn short_sleep<S: Timed>(load: Load) -> Duration {
    S::run(async {
        let watch = RuntimeCpuWatch::start::<S>();
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
    pub(super) fn spread(&mut self, moments: u64) -> Duration {
        Duration::from_nanos(self.below(10_000 * moments))
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
