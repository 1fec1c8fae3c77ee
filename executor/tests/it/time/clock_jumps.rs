//! Clocks that jump: virtual time at its end, and a machine whose clock is
//! years ahead from one moment to the next.

use std::time::{Duration, Instant};

use executor::{RunError, gather, interval, now, sleep, sleep_until, spawn, timeout};

use crate::common::{Log, poll_once, virtual_runner};

const MS: Duration = Duration::from_millis(1);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
/// The last moment of loop time that is a deadline: 584 years after the first.
const LAST: Duration = Duration::from_nanos(u64::MAX - 1);

// ---- virtual time ---------------------------------------------------------

#[test]
fn virtual_time_goes_on_to_its_last_nanosecond_in_order() {
    let log = Log::new();
    virtual_runner().run(async {
        let start = now();
        let wait = |left: u64| {
            let log = log.clone();
            async move {
                sleep(LAST - Duration::from_nanos(left)).await;
                assert_eq!(now() - start, LAST - Duration::from_nanos(left));
                log.push(left);
            }
        };
        gather((wait(0), wait(2), wait(1))).await;
    });
    assert_eq!(log.take(), ["2", "1", "0"]);
}

#[test]
fn at_the_end_of_virtual_time_a_sleep_never_ends_and_that_is_a_stall() {
    let mut runner = virtual_runner();
    let stalled = runner.try_run(async {
        sleep(LAST).await;
        assert!(
            timeout(Duration::ZERO, sleep(MS)).await.is_err(),
            "zero is still zero"
        );
        sleep(MS).await;
    });
    assert!(
        matches!(stalled, Err(RunError::Stalled { .. })),
        "{stalled:?}"
    );
    // Tasks that need no time still run.
    assert_eq!(runner.run(async { spawn(async { 7 }).await.unwrap() }), 7);
}

#[test]
fn an_interval_at_the_end_of_virtual_time_does_not_tick_again() {
    virtual_runner().run(async {
        let mut ticks = interval(LAST - MS);
        ticks.tick().await;
        ticks.tick().await;
        let third = Box::pin(ticks.tick());
        assert!(poll_once(&mut { third }).await.is_pending());
    });
}

#[test]
fn a_deadline_in_the_far_past_or_future_is_one_like_any_other() {
    virtual_runner().run(async {
        let start = now();
        if let Some(past) = Instant::now().checked_sub(YEAR / 365) {
            sleep_until(past).await;
        }
        assert_eq!(now(), start);
        let future = start
            .checked_add(500 * YEAR)
            .expect("an Instant holds that");
        sleep_until(future).await;
        assert_eq!(now() - start, 500 * YEAR);
    });
}

// ---- a real clock ---------------------------------------------------------

/// libfaketime intercepts the calls for the clock of the machine, and moves
/// it by what is written into a file, at once.
#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn a_machine_whose_clock_is_years_ahead_at_once_fires_what_is_due_in_order() {
    const OFFSET: &str = "EXECUTOR_TEST_OFFSET";
    let test = "time::clock_jumps::a_machine_whose_clock_is_years_ahead_at_once_fires_what_is_due_in_order";
    let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
    if !std::fs::exists(library).unwrap_or(false) {
        println!("skipped: there is no {library}");
        return;
    }
    let name = format!("executor-offset-{}", std::process::id());
    let file = std::env::temp_dir().join(name);
    let file = std::env::var_os(OFFSET).map_or(file, Into::into);
    std::fs::write(&file, "+0").unwrap();
    let path = file.to_str().unwrap();
    let environment = [
        (OFFSET, path),
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", path),
        ("FAKETIME_NO_CACHE", "1"),
    ];
    if let Some(child) = crate::common::in_own_process(test, &environment) {
        std::fs::remove_file(&file).unwrap();
        let err = String::from_utf8_lossy(&child.stderr);
        return assert!(child.status.success(), "{err}");
    }
    let log = Log::new();
    let before = Instant::now();
    executor::Runner::new().run(async {
        let nap = |span: Duration, name| {
            let log = log.clone();
            async move {
                sleep(span).await;
                log.push(name);
            }
        };
        let naps = (
            nap(3 * YEAR, "years"),
            nap(YEAR / 365, "a day"),
            nap(20 * YEAR, "too long"),
        );
        let [years, day, too_long] = [spawn(naps.0), spawn(naps.1), spawn(naps.2)];
        let mut ticks = interval(Duration::from_secs(1));
        ticks.tick().await;
        executor::yield_now().await; // all three sleep
        std::fs::write(&file, "+5y").unwrap();
        years.await.unwrap();
        assert!(day.is_finished());
        assert!(!too_long.is_finished());
        // Ticks that were missed are skipped: one comes at once, and no more.
        ticks.tick().await;
        assert!(poll_once(&mut Box::pin(ticks.tick())).await.is_pending());
    });
    assert_eq!(log.take(), ["a day", "years"]);
    assert!(before.elapsed() >= 5 * YEAR, "the clock has jumped");
}
