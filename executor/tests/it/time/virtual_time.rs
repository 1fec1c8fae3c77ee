//! Virtual time and seeds: the clock jumps only when nothing else can happen,
//! to the nanosecond; the same seed gives the same trace, byte for byte.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

#[cfg(feature = "observe")]
use executor::instrument::{Event, Recorder};
use executor::{
    Handle, RunError, Runner, as_completed, gather, now, race, sleep, sleep_until, spawn, timeout,
    to_thread, yield_now,
};
use futures::channel::oneshot;

use crate::common::{Count, Log, poll_once, sized, virtual_runner};
#[cfg(feature = "observe")]
use crate::common::{count, recorded_virtual_runner, runner_that_tells_parks};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

// ---- virtual time ---------------------------------------------------------

/// With a real clock this test takes a year.
#[test]
fn c160_a_year_is_exact_and_takes_no_time() {
    virtual_runner().run(async {
        let start = now();
        sleep(YEAR).await;
        assert_eq!(now() - start, YEAR);
        sleep_until(start + 2 * YEAR).await;
        assert_eq!(now() - start, 2 * YEAR);
    });
}

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

#[cfg(feature = "observe")]
#[test]
fn c163_the_clock_stands_still_while_a_task_is_ready() {
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        let start = now();
        let nap = spawn(sleep(Duration::from_nanos(1)));
        for _ in 0..sized(1_000, 50) {
            yield_now().await;
            assert_eq!(now(), start);
        }
        assert!(!nap.is_finished());
        nap.await.unwrap();
        assert_eq!(now() - start, Duration::from_nanos(1));
    });
    let events = recorder.take();
    assert_eq!(
        count(&events, |event| matches!(event, Event::ParkStart { .. })),
        1
    );
}

#[cfg(feature = "observe")]
#[test]
fn c164_the_clock_stands_still_while_an_awaited_thread_job_runs() {
    let (mut runner, parks) = runner_that_tells_parks(Runner::builder().virtual_time());
    runner.run(async {
        let start = now();
        let nap = spawn(sleep(HOUR));
        to_thread(move || parks.recv().unwrap()).await; // ends once the loop has parked
        assert_eq!(now(), start);
        nap.await.unwrap();
        assert_eq!(now() - start, HOUR);
    });
}

#[cfg(feature = "observe")]
#[test]
fn c164_the_clock_stands_still_while_a_thread_job_runs_that_is_not_awaited() {
    let (mut runner, parks) = runner_that_tells_parks(Runner::builder().virtual_time());
    let ended = Arc::new(AtomicBool::new(false));
    let ends = ended.clone();
    runner.run(async {
        let (started, has_started) = mpsc::channel();
        let mut job = to_thread(move || {
            started.send(()).unwrap();
            parks.recv().unwrap();
            // Time enough for a loop that does not wait.
            (0..sized(1_000, 50)).for_each(|_| std::thread::yield_now());
            ends.store(true, Ordering::SeqCst);
        });
        assert!(poll_once(&mut job).await.is_pending());
        has_started.recv().unwrap(); // it can no longer be taken back
        drop(job);
        sleep(HOUR).await;
        assert!(
            ended.load(Ordering::SeqCst),
            "the clock jumped over a running job"
        );
    });
}

#[cfg(feature = "observe")]
#[test]
fn c164_the_end_of_a_panicking_thread_job_lets_the_clock_go_on() {
    let (mut runner, parks) = runner_that_tells_parks(Runner::builder().virtual_time());
    runner.run(async {
        let start = now();
        let nap = spawn(sleep(HOUR));
        let job = spawn(to_thread(move || {
            parks.recv().unwrap();
            std::panic::resume_unwind(Box::new("no luck")); // prints nothing
        }));
        assert!(job.await.unwrap_err().is_panic());
        assert_eq!(now(), start);
        nap.await.unwrap();
    });
}

/// There is no `advance`: the clock moves by itself, from deadline to
/// deadline, and each task sees the moment that it asked for.
#[cfg(feature = "observe")]
#[test]
fn c167_each_timer_fires_in_a_turn_of_its_own_at_exactly_its_deadline() {
    let log = Log::new();
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        let start = now();
        let sleeper = |ms: u32| {
            let log = log.clone();
            spawn(async move {
                sleep_until(start + ms * MS).await;
                log.push(format!("{ms}: {:?}", now() - start));
            })
        };
        let naps = [2, 1, 3].map(sleeper);
        sleep(3 * MS).await;
        for nap in naps {
            nap.await.unwrap();
        }
    });
    assert_eq!(log.take(), ["1: 1ms", "2: 2ms", "3: 3ms"]);
    let events = recorder.take();
    let parks: Vec<_> = events
        .iter()
        .filter_map(|(at, event)| match event {
            Event::ParkStart { until } => Some((*at, until.unwrap())),
            _ => None,
        })
        .collect();
    assert_eq!(
        parks,
        [(Duration::ZERO, MS), (MS, 2 * MS), (2 * MS, 3 * MS)]
    );
}

#[test]
fn a_message_from_another_thread_comes_before_a_jump() {
    virtual_runner().run(async {
        let start = now();
        let nap = spawn(sleep(HOUR));
        let handle = Handle::current();
        let remote = std::thread::spawn(move || handle.spawn(|| async { now() }));
        let remote = remote.join().unwrap();
        assert_eq!(remote.await.unwrap(), start);
        nap.await.unwrap();
        assert_eq!(now() - start, HOUR);
    });
}

#[test]
fn a_stall_is_an_error_at_once_and_lists_who_waits() {
    let error = virtual_runner().try_run(async {
        let nap = spawn(std::future::pending::<()>());
        nap.await.unwrap();
    });
    let Err(RunError::Stalled { tasks, .. }) = error else {
        panic!("expected a stall");
    };
    let lines: Vec<_> = tasks.iter().map(ToString::to_string).collect();
    assert!(
        lines[0].ends_with("waits for join task 2 \"Task-2\""),
        "{lines:?}"
    );
    assert!(
        lines[1].ends_with("waits, and nothing can ever wake it"),
        "{lines:?}"
    );
}

#[test]
fn a_stall_that_is_not_certain_waits_for_the_other_threads_first() {
    let limit = 5 * MS;
    let builder = Runner::builder().virtual_time().stall_timeout(limit);
    let mut runner = builder.build();
    // A waker is left that is never used.
    let (sender, receiver) = oneshot::channel::<()>();
    let before = Instant::now();
    let result = runner.try_run(receiver);
    assert!(matches!(result, Err(RunError::Stalled { .. })));
    assert!(before.elapsed() >= limit);
    drop(sender);
}

#[cfg(feature = "observe")]
#[test]
fn a_wake_from_another_thread_ends_the_wait_for_it() {
    let builder = Runner::builder()
        .virtual_time()
        .stall_timeout(Duration::MAX);
    let (mut runner, parks) = runner_that_tells_parks(builder);
    let (sender, receiver) = oneshot::channel();
    let waker = std::thread::spawn(move || {
        parks.recv().unwrap();
        sender.send(7).unwrap();
    });
    assert_eq!(runner.run(receiver), Ok(7));
    waker.join().unwrap();
}

#[test]
fn the_clock_stands_still_between_two_runs() {
    let mut runner = virtual_runner();
    let first = runner.run(async {
        sleep(HOUR).await;
        now()
    });
    let nap = runner.spawn(sleep(SECOND));
    runner.run(async {
        assert_eq!(now(), first);
        nap.await.unwrap();
        assert_eq!(now() - first, SECOND);
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

#[cfg(feature = "observe")]
#[test]
fn c169_the_same_seed_gives_the_same_trace_and_other_seeds_give_others() {
    let mut traces = BTreeSet::new();
    for seed in 0..sized(64, 2) {
        let once = trace(Some(seed));
        let again = std::thread::spawn(move || trace(Some(seed)))
            .join()
            .unwrap();
        assert_eq!(once, again, "seed {seed}");
        traces.insert(once);
    }
    assert!(
        traces.len() > sized(32, 1),
        "only {} different traces",
        traces.len()
    );
}

#[cfg(feature = "observe")]
#[test]
fn c169_without_a_seed_every_run_is_the_same() {
    assert_eq!(trace(None), trace(None));
}

/// Two tasks add one each, with an await between the read and the write.
/// Whether an addition is lost depends on the order of a turn.
fn sum_of_two_careless_tasks(seed: Option<u64>) -> u32 {
    let mut builder = Runner::builder().virtual_time();
    if let Some(seed) = seed {
        builder = builder.seed(seed);
    }
    let sum = Rc::new(Cell::new(0));
    let shared = sum.clone();
    builder.build().run(async move {
        let (flag, turn) = async_channel::bounded(1);
        let first = shared.clone();
        let first = spawn(async move {
            yield_now().await;
            first.set(first.get() + 1);
            flag.try_send(()).unwrap();
        });
        let second = spawn(async move {
            yield_now().await;
            let seen = shared.get();
            turn.recv().await.unwrap();
            shared.set(seen + 1);
        });
        first.await.unwrap();
        second.await.unwrap();
    });
    sum.get()
}

#[test]
fn c170_a_seed_that_shows_a_bug_shows_it_every_time() {
    assert_eq!(
        sum_of_two_careless_tasks(None),
        2,
        "the usual order hides the bug"
    );
    let bad = (0..256).find(|&seed| sum_of_two_careless_tasks(Some(seed)) != 2);
    let bad = bad.expect("some order shows it");
    for _ in 0..sized(10, 2) {
        assert_eq!(sum_of_two_careless_tasks(Some(bad)), 1);
    }
}

#[test]
fn a_seed_changes_the_order_of_a_turn_and_nothing_is_lost_or_doubled() {
    let orders = |seed| {
        let log = Log::new();
        let inner = log.clone();
        Runner::builder()
            .virtual_time()
            .seed(seed)
            .build()
            .run(async move {
                let tasks = (0..5).map(|n| {
                    let log = inner.clone();
                    spawn(async move { log.push(n) })
                });
                gather(tasks.collect::<Vec<_>>()).await;
            });
        log.take()
    };
    let all: BTreeSet<_> = (0..sized(64, 8)).map(orders).collect();
    assert!(all.len() > sized(10, 2), "{} orders", all.len());
    for mut order in all {
        order.sort();
        assert_eq!(order, ["0", "1", "2", "3", "4"]);
    }
}

#[test]
fn a_seed_does_not_change_the_order_of_deadlines() {
    for seed in 0..sized(32, 4) {
        let log = Log::new();
        let inner = log.clone();
        Runner::builder()
            .virtual_time()
            .seed(seed)
            .build()
            .run(async move {
                let tasks = [3, 1, 2].map(|n| {
                    let log = inner.clone();
                    spawn(async move {
                        sleep(n * MS).await;
                        log.push(n);
                    })
                });
                for task in tasks {
                    task.await.unwrap();
                }
            });
        assert_eq!(log.take(), ["1", "2", "3"]);
    }
}

/// A timeout that fires as its future becomes ready: the future wins under
/// every seed, because that is no matter of order.
#[test]
fn a_seed_does_not_change_who_wins_a_timeout() {
    let wins = Count::default();
    for seed in 0..32 {
        let mut runner = Runner::builder().virtual_time().seed(seed).build();
        if runner.run(timeout(MS, sleep(MS))).is_ok() {
            wins.add();
        }
    }
    assert_eq!(wins.get(), 32);
}
