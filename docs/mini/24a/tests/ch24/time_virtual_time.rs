//! From `executor/tests/it/time/virtual_time.rs`, as they are there.

use super::common::Count;
use super::common::Log;
use super::common::poll_once;
use super::common::sized;
use super::common::virtual_runner;
#[cfg(feature = "observe")]
use super::common::{count, recorded_virtual_runner, runner_that_tells_parks};
use crate::mini as executor;
use executor::RunError;
use executor::Runner;
use executor::gather;
#[cfg(feature = "observe")]
use executor::instrument::{Event, Recorder};
use executor::now;
use executor::race;
use executor::sleep;
use executor::spawn;
use executor::timeout;
use executor::to_thread;
use executor::yield_now;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

const MS: Duration = Duration::from_millis(1);

const SECOND: Duration = Duration::from_secs(1);

const HOUR: Duration = Duration::from_secs(3600);

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

#[test]
fn c161_short_sleeps_are_exact_too() {
    virtual_runner().run(async {
        for nanos in [1, 10, 999, 100_000, 1_000_001] {
            let start = now();
            sleep(Duration::from_nanos(nanos)).await;
            assert_eq!(now() - start, Duration::from_nanos(nanos));
        }
    });
}

// ---- seeds ----------------------------------------------------------------

/// What a program with tasks, races, ties and timers does, event by event.
#[cfg(feature = "observe")]
fn trace(seed: Option<u64>) -> String {
    let recorder = Recorder::new();
    let mut builder = Runner::builder().virtual_time();
    if let Some(seed) = seed {
        builder = builder.seed(seed);
    }
    let mut runner = builder.instrument(recorder.clone()).build();
    runner.run(async {
        let tasks = (0..6_u64).map(|n| {
            spawn(async move {
                for step in 1..=n as u32 % 3 + 1 {
                    sleep(step * MS).await;
                    yield_now().await;
                }
                n
            })
        });
        let mut done = as_completed(tasks.collect::<Vec<_>>());
        while let Some((_, output)) = done.next().await {
            let won = race([0, 1, 2].map(|n| async move { n })).await;
            sleep(Duration::from_nanos(10 * output.unwrap() + won.1)).await;
        }
    });
    let mut text = String::new();
    for (at, event) in recorder.take() {
        writeln!(text, "{at:?} {event:?}").unwrap();
    }
    text
}
