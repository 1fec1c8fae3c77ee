//! The helpers for tests: exploring seeds, polling by hand.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::time::Duration;

use executor::{gather, now, race, run, sleep, spawn, testing, yield_now};

use crate::common::{in_own_process, panic_text, reports};

#[test]
fn a_program_is_run_once_for_each_seed_in_virtual_time() {
    let seen = Cell::new(0);
    testing::explore(10..15, || async {
        seen.set(seen.get() + 1);
        let began = now();
        sleep(Duration::from_secs(86_400)).await;
        assert_eq!(now() - began, Duration::from_secs(86_400));
    });
    assert_eq!(seen.get(), 5);
}

/// Two tasks that read, yield and write: one update is lost in some orders.
#[cfg(feature = "scope")]
async fn lost_update() {
    let counter = Cell::new(0);
    let winner = RefCell::new(Vec::new());
    let one = |name: &'static str| {
        let (counter, winner) = (&counter, &winner);
        async move {
            race((yield_now(), yield_now())).await;
            winner.borrow_mut().push(name);
            counter.set(counter.get() + 1);
        }
    };
    executor::scope(async |s| {
        s.spawn(one("a"));
        s.spawn(one("b"));
    })
    .await;
    assert_eq!(*winner.borrow(), ["a", "b"], "the test relies on the order");
}

#[cfg(feature = "scope")]
#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn c170_the_first_seed_that_fails_is_named_and_fails_again() {
    let name = "testing::c170_the_first_seed_that_fails_is_named_and_fails_again";
    if let Some(child) = in_own_process(name, &[]) {
        let reports = reports(&child);
        assert_eq!(reports.len(), 2, "{reports:?}");
        assert_eq!(reports[0], reports[1], "the same seed, twice");
        assert!(reports[0].contains("the test relies on the order"));
        let stderr = String::from_utf8_lossy(&child.stderr);
        assert!(stderr.contains("PollStart { task: TaskId(1) }"), "{stderr}");
        assert!(stderr.contains("to see it again: executor::testing::explore(["));
        return;
    }
    let failing = Cell::new(0);
    let text = panic_text(|| {
        testing::explore(0..1000, || {
            failing.set(failing.get() + 1);
            lost_update()
        });
    });
    assert!(text.contains("the test relies on the order"), "{text}");
    let seed = failing.get() - 1;
    panic_text(|| testing::explore([seed], lost_update));
}

#[test]
fn a_stall_is_a_failure_too() {
    let text = panic_text(|| testing::explore([3], pending::<()>));
    assert!(text.starts_with("seed 3: the loop has stalled"), "{text}");
}

#[test]
fn a_panic_in_a_task_that_is_not_awaited_fails_the_test() {
    let text = panic_text(|| {
        testing::run(async {
            spawn(async { panic!("in the background") });
            sleep(Duration::from_secs(1)).await;
        });
    });
    assert_eq!(text, "in the background");
}

#[test]
fn a_future_polled_by_hand_counts_its_wakes_and_knows_if_it_can_be_woken() {
    let mut nap = testing::by_hand(async {
        yield_now().await;
        5
    });
    assert!(nap.poll().is_pending());
    assert_eq!((nap.wakes(), nap.can_be_woken()), (1, false));
    assert!(nap.poll().is_ready());
    let text = panic_text(|| nap.poll());
    assert!(text.contains("after it has returned"), "{text}");
}

#[test]
fn a_loop_can_be_used_after_an_exploration_that_failed() {
    panic_text(|| testing::explore([1], || async { panic!("on purpose") }));
    let (a, b) = run(async { gather((async { 1 }, async { 2 })).await });
    assert_eq!((a, b), (1, 2));
}
