//! From `executor/tests/it/time/timers.rs`, as they are there.

use super::common::Count;
use super::common::Log;
use super::common::OnDrop;
use super::common::counted;
use super::common::panic_text;
use super::common::poll_once;
use super::common::sized;
use super::common::virtual_runner;
#[cfg(feature = "observe")]
use super::common::{count, recorded_virtual_runner};
use crate::mini as executor;
use executor::Elapsed;
use executor::Runner;
use executor::Sleep;
use executor::gather;
#[cfg(feature = "observe")]
use executor::instrument::{Event, Recorder};
use executor::now;
use executor::race;
use executor::run;
use executor::sleep;
use executor::spawn;
use executor::timeout;
use executor::yield_now;
use std::cell::RefCell;
use std::future::pending;
use std::future::poll_fn;
use std::pin::Pin;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;
use std::time::Instant;

const MS: Duration = Duration::from_millis(1);

const SECOND: Duration = Duration::from_secs(1);

const HOUR: Duration = Duration::from_secs(3600);

/// A sleep that several tasks can reach.
#[derive(Clone)]
struct SharedSleep(Rc<RefCell<Sleep>>);

#[test]
fn c154_no_sleep_is_shorter_than_asked_for() {
    run(async {
        for nanos in [0, 1, 10, 999, 1_000, 55_000, 100_000, 1_000_001, 3_000_000] {
            let asked = Duration::from_nanos(nanos);
            let (before, before_outside) = (now(), Instant::now());
            sleep(asked).await;
            assert!(now() - before >= asked);
            assert!(before_outside.elapsed() >= asked);
        }
    });
}

/// Time spans from 1 ns to 20 µs in no order: thousands of them are nanoseconds
/// apart, and some are equal.
fn crowded_spans() -> impl Iterator<Item = Duration> {
    let nanos = |n: u64| 1 + n * 7_919 % 20_000;
    (0..5_000).map(nanos).map(Duration::from_nanos)
}

#[test]
fn of_thousands_of_timers_nanoseconds_apart_each_fires_exactly_at_its_deadline() {
    virtual_runner().run(async {
        let start = now();
        let naps = crowded_spans().map(|span| {
            spawn(async move {
                sleep(span).await;
                assert_eq!(now() - start, span);
            })
        });
        for nap in naps.collect::<Vec<_>>() {
            nap.await.unwrap();
        }
        assert_eq!(now() - start, Duration::from_nanos(20_000));
    });
}

#[test]
fn c157_a_sleep_built_outside_a_loop_counts_from_its_first_poll() {
    let early = sleep(SECOND);
    virtual_runner().run(async {
        sleep(HOUR).await;
        let start = now();
        early.await;
        assert_eq!(now() - start, SECOND);
    });
}

#[test]
fn c158_a_sleep_of_one_loop_dropped_on_another_leaves_its_timers_alone() {
    let (mut first, mut second) = (virtual_runner(), virtual_runner());
    let mut of_first = sleep(SECOND);
    assert!(first.run(poll_once(&mut of_first)).is_pending());
    second.run(async {
        let start = now();
        let mut of_second = sleep(SECOND); // the same slot, in the other loop
        assert!(poll_once(&mut of_second).await.is_pending());
        drop(of_first);
        of_second.await;
        assert_eq!(now() - start, SECOND);
    });
}

#[test]
fn c124_an_endless_timeout_lets_its_future_finish() {
    let endless = [
        Duration::MAX,
        Duration::from_secs(u64::MAX),
        Duration::from_nanos(u64::MAX),
    ];
    virtual_runner().run(async {
        for limit in endless {
            assert_eq!(timeout(limit, sleep(HOUR)).await, Ok(()));
        }
    });
    run(async {
        for limit in endless {
            assert_eq!(timeout(limit, sleep(MS)).await, Ok(()));
        }
    });
}

#[test]
fn a_timed_out_future_is_dropped_before_the_error_is_given() {
    let log = Log::new();
    virtual_runner().run(async {
        let theirs = log.clone();
        let slow = async move {
            let _gone = OnDrop(move || theirs.push("dropped"));
            pending::<()>().await;
        };
        timeout(SECOND, slow).await.unwrap_err();
        log.push("error");
    });
    assert_eq!(log.take(), ["dropped", "error"]);
}

/// The real clock: a virtual one stands still while a task is ready.
#[test]
fn a_future_that_wakes_itself_for_ever_is_timed_out_all_the_same() {
    run(async {
        let before = now();
        let restless = async {
            loop {
                yield_now().await;
            }
        };
        assert!(timeout(MS, restless).await.is_err());
        assert!(now() - before >= MS);
    });
}

#[test]
fn a_poll_that_gives_up_its_timer_is_not_woken_again() {
    let polls = Count::default();
    virtual_runner().run(async {
        let mut first = true;
        let task = spawn(counted(&polls, async move {
            let mut nap = Some(sleep(SECOND));
            poll_fn(move |cx| {
                if std::mem::replace(&mut first, false) {
                    let _ = Pin::new(nap.as_mut().unwrap()).poll(cx);
                    nap = None; // dropped in the very poll that armed it
                }
                Poll::<()>::Pending
            })
            .await;
        }));
        sleep(HOUR).await;
        drop(task);
    });
    assert_eq!(polls.get(), 1);
}
