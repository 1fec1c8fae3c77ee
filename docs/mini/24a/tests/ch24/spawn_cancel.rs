//! From `executor/tests/it/spawn/cancel.rs`, as they are there.

use super::common::Count;
use super::common::Gate;
use super::common::Log;
use super::common::OnDrop;
use super::common::sized;
use super::common::virtual_runner;
#[cfg(feature = "observe")]
use super::common::{count, polls_of, recorded_virtual_runner};
use crate::mini as executor;
use executor::JoinHandle;
use executor::Runner;
#[cfg(feature = "observe")]
use executor::instrument::{Ending, Event};
use executor::now;
use executor::run;
use executor::sleep;
use executor::spawn;
use executor::try_run;
use executor::yield_now;
use std::future::pending;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::thread;
use std::time::Duration;

/// A guard that logs when it is dropped.
fn says(log: &Log, what: &'static str) -> OnDrop<impl FnMut() + use<>> {
    let log = log.clone();
    OnDrop(move || log.push(what))
}

/// A task that holds a guard and waits forever.
fn parked(log: &Log, what: &'static str) -> JoinHandle<()> {
    let guard = says(log, what);
    spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    })
}

/// DESIGN: the catalogue's `handle.cancel().await` is `cancel()`, then awaiting
/// the handle.
#[test]
fn c073_awaiting_a_cancelled_handle_waits_for_the_drop() {
    let log = Log::new();
    virtual_runner().run(async {
        let task = parked(&log, "dropped");
        yield_now().await;
        task.cancel();
        log.push("requested");
        assert!(task.await.unwrap_err().is_cancelled());
        log.push("resolved");
    });
    assert_eq!(log.take(), ["requested", "dropped", "resolved"]);
}

#[test]
fn c073_a_task_that_had_completed_gives_its_output_all_the_same() {
    virtual_runner().run(async {
        let task = spawn(async { "output" });
        yield_now().await;
        assert!(!task.cancel());
        assert_eq!(task.await.unwrap(), "output");
    });
}

#[test]
fn c076_only_the_first_cancel_of_a_living_task_changes_anything() {
    virtual_runner().run(async {
        let task = spawn(pending::<()>());
        assert!(task.cancel());
        assert!(!task.cancel(), "asked before");
        yield_now().await;
        assert!(task.is_finished());
        assert!(!task.cancel(), "it was dropped");
        assert!(task.await.unwrap_err().is_cancelled());

        let done = spawn(async { 1 });
        yield_now().await;
        assert!(!done.cancel(), "it had returned");
        assert_eq!(done.await.unwrap(), 1);

        let failed = spawn(async { panic!("a panic") });
        yield_now().await;
        assert!(!failed.cancel(), "it had panicked");
        assert!(Result::<(), _>::unwrap_err(failed.await).is_panic());
    });
}

#[test]
fn c076_cancelling_after_the_end_of_the_loop_changes_nothing() {
    let (done, left) = run(async {
        let done = spawn(async { 1 });
        yield_now().await;
        (done, spawn(pending::<()>()))
    });
    assert!(!done.cancel());
    assert!(!left.cancel());
    assert_eq!(run(done).unwrap(), 1);
}

#[test]
fn a_destructor_that_a_cancel_runs_may_spawn_a_task_that_runs() {
    let log = Log::new();
    virtual_runner().run(async {
        let mine = log.clone();
        let task = spawn(async move {
            let _guard = OnDrop(|| {
                let log = mine.clone();
                drop(spawn(async move {
                    sleep(Duration::from_secs(1)).await;
                    log.push("cleaned up");
                }));
            });
            pending::<()>().await;
        });
        yield_now().await;
        task.cancel();
        task.await.unwrap_err();
        sleep(Duration::from_secs(2)).await;
    });
    assert_eq!(log.take(), ["cleaned up"]);
}

#[test]
fn cancelling_a_task_leaves_the_task_it_awaits_alone() {
    let log = Log::new();
    virtual_runner().run(async {
        let mine = log.clone();
        let inner = spawn(async move {
            sleep(Duration::from_secs(1)).await;
            mine.push("inner continues");
        });
        let outer = spawn(inner);
        yield_now().await;
        outer.cancel();
        assert!(outer.await.unwrap_err().is_cancelled());
        sleep(Duration::from_secs(2)).await;
    });
    assert_eq!(log.take(), ["inner continues"]);
}

#[test]
fn c083_the_end_drops_tasks_in_reverse_order_of_their_spawning() {
    let log = Log::new();
    run(async {
        for (first, second) in [("1a", "1b"), ("2a", "2b"), ("3a", "3b")] {
            let log = log.clone();
            drop(spawn(async move {
                let _first = says(&log, first);
                let _second = says(&log, second);
                pending::<()>().await;
            }));
        }
        yield_now().await;
    });
    assert_eq!(log.take(), ["3b", "3a", "2b", "2a", "1b", "1a"]);
}

#[test]
fn c083_the_order_is_that_of_spawning_not_that_of_slots_or_wakes() {
    let log = Log::new();
    run(async {
        // The first task leaves its slot to the last one.
        let gone = spawn(async {});
        let gate = Gate::new();
        let (early, wait) = (says(&log, "early, woken late"), gate.clone().wait());
        drop(spawn(async move {
            let _early = early;
            wait.await;
            pending::<()>().await;
        }));
        drop(parked(&log, "middle"));
        gone.await.unwrap();
        drop(parked(&log, "late, in an old slot"));
        yield_now().await;
        gate.open();
    });
    assert_eq!(
        log.take(),
        ["late, in an old slot", "middle", "early, woken late"]
    );
}

/// A task that never stops waking itself can be cancelled like any other.
#[test]
fn a_task_that_always_wakes_itself_can_be_cancelled() {
    let log = Log::new();
    virtual_runner().run(async {
        let guard = says(&log, "dropped");
        let task = spawn(async move {
            let _guard = guard;
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            })
            .await;
        });
        yield_now().await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(log.take(), ["dropped"]);
}
