//! The floors of the timer rows: deadlines in a standard collection, and a
//! thread that sleeps until the next one. The kernel lets a thread oversleep by
//! 50 microseconds unless told otherwise; these tell it otherwise, where that
//! can be done.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use super::{HOUR, Numbers, SHORT};
use crate::clock::{CpuWatch, Stopwatch, time_to_arm};
use crate::contender::Load;
use crate::floor::poll_now;
use crate::stats::percentile;

pub(crate) fn one_deadline(load: Load) -> Duration {
    let watch = CpuWatch::start();
    for _ in 0..load.times {
        let deadline = Instant::now() + time_to_arm(load.batch);
        fire_all((0..load.batch).map(|_| deadline));
    }
    watch.stop()
}

pub(super) fn random_deadlines(load: Load) -> Duration {
    let mut numbers = Numbers::default();
    precisely(|| {
        let watch = CpuWatch::start();
        for _ in 0..load.times {
            let from = Instant::now() + time_to_arm(load.batch);
            fire_all((0..load.batch).map(|_| from + numbers.spread(load.batch)));
        }
        watch.stop()
    })
}

pub(super) fn random_lateness_p50(load: Load) -> Duration {
    random_lateness(load, 50)
}

pub(super) fn random_lateness_p99(load: Load) -> Duration {
    random_lateness(load, 99)
}

fn random_lateness(load: Load, percent: usize) -> Duration {
    const TIMERS: u64 = 10_000;
    let mut numbers = Numbers::default();
    let one_time = |_| {
        let from = Instant::now() + time_to_arm(TIMERS);
        percentile(
            fire_all((0..TIMERS).map(|_| from + numbers.spread(TIMERS))),
            percent,
        )
    };
    precisely(|| (0..load.times).map(one_time).sum())
}

/// Puts all deadlines into a heap and waits for one after another; how late
/// each was.
fn fire_all(deadlines: impl Iterator<Item = Instant>) -> Vec<Duration> {
    let mut heap: BinaryHeap<_> = deadlines
        .enumerate()
        .map(|(number, deadline)| Reverse((deadline, number)))
        .collect();
    let mut late = Vec::with_capacity(heap.len());
    let mut now = Instant::now();
    while let Some(Reverse((deadline, _))) = heap.pop() {
        if deadline > now {
            thread::sleep(deadline - now);
            now = Instant::now();
        }
        late.push(now.saturating_duration_since(deadline));
    }
    late
}

pub(super) fn armed_and_dropped(load: Load) -> Duration {
    arm_and_drop(&mut BTreeSet::new(), load.times, || HOUR)
}

pub(super) fn armed_and_dropped_among_others(load: Load) -> Duration {
    let mut numbers = Numbers::default();
    let mut in_an_hour = || HOUR + Duration::from_micros(numbers.below(3_600_000_000));
    let now = Instant::now();
    let mut others: BTreeSet<_> = (1..=100_000).map(|i| (now + in_an_hour(), i)).collect();
    arm_and_drop(&mut others, load.batch * load.times, in_an_hour)
}

fn arm_and_drop(
    timers: &mut BTreeSet<(Instant, u64)>,
    times: u64,
    mut length: impl FnMut() -> Duration,
) -> Duration {
    let watch = Stopwatch::start();
    for _ in 0..times {
        let timer = (Instant::now() + length(), 0);
        timers.insert(timer);
        black_box(&timers);
        timers.remove(&timer);
    }
    watch.stop()
}

pub(super) fn timeout(load: Load) -> Duration {
    let watch = Stopwatch::start();
    for _ in 0..load.times {
        assert!(black_box(poll_now(async {})).is_ready());
    }
    watch.stop()
}

pub(super) fn lateness(load: Load) -> Duration {
    let late = latenesses(SHORT, load.times);
    percentile(late, 50) * load.times as u32
}

/// How late so many sleeps of the thread were, one after another.
pub(crate) fn latenesses(length: Duration, times: u64) -> Vec<Duration> {
    let one_time = |_| {
        let deadline = Instant::now() + length;
        thread::sleep(length);
        deadline.elapsed()
    };
    precisely(|| (0..times).map(one_time).collect())
}

pub(super) fn short_sleep(load: Load) -> Duration {
    precisely(|| {
        let watch = CpuWatch::start();
        for _ in 0..load.times {
            thread::sleep(SHORT);
        }
        watch.stop()
    })
}

#[cfg(target_os = "linux")]
fn precisely<T>(work: impl FnOnce() -> T) -> T {
    use rustix::thread::{current_timer_slack, set_current_timer_slack};
    let before = current_timer_slack().unwrap_or(0);
    // Refused somewhere: then the floor is as late as the kernel likes.
    let _refused = set_current_timer_slack(std::num::NonZeroU64::new(1));
    let output = work();
    let _refused = set_current_timer_slack(std::num::NonZeroU64::new(before));
    output
}

#[cfg(not(target_os = "linux"))]
fn precisely<T>(work: impl FnOnce() -> T) -> T {
    work()
}
