//! `run` and `try_run`: what they return, what they clean up and in which order,
//! nested runs, and wakers that outlive their run.

#![allow(
    clippy::async_yields_async,
    reason = "a run that gives back a handle is what some cases are about"
)]

use std::future::{pending, poll_fn, ready};
use std::panic::panic_any;
use std::task::{Poll, Waker};
use std::time::Duration;

#[cfg(feature = "observe")]
use executor::instrument::{Event, WakeOutcome};
use executor::{
    Handle, RunError, Runner, TaskInfo, current_task, run, sleep, spawn, spawn_named, tasks,
    to_thread, try_run, yield_now,
};

use crate::common::{
    Count, Gate, Log, OnDrop, counted, in_own_process, panic_of, panic_text, reports, task_names,
};
#[cfg(feature = "observe")]
use crate::common::{polls_of, recorded_virtual_runner, wakes_of};

// ---- what comes back ------------------------------------------------------

#[test]
fn c001_the_value_comes_back_and_the_loop_is_gone() {
    let dropped = Count::default();
    let mine = dropped.clone();
    let value = run(async {
        drop(spawn(async move {
            let _guard = OnDrop(|| mine.add());
            pending::<()>().await;
        }));
        yield_now().await;
        "value"
    });
    assert_eq!(value, "value");
    assert_eq!(dropped.get(), 1);
    assert!(Handle::try_current().is_none());
    assert!(current_task().is_none());
    assert!(tasks().is_empty());
    assert!(panic_text(|| spawn(async {})).contains("spawn needs a running loop"));
    assert_eq!(run(async { 2 }), 2, "the thread can run another loop");
}

#[test]
fn the_main_future_may_borrow_from_its_caller() {
    let mut lines = vec!["before".to_string()];
    run(async {
        yield_now().await;
        lines.push("inside".into());
    });
    assert_eq!(lines, ["before", "inside"]);
}

#[test]
fn c002_a_panic_of_main_comes_out_after_every_task_was_dropped() {
    let log = Log::new();
    let payload = panic_of(|| {
        let _caller = OnDrop(|| log.push("the caller unwinds"));
        run(async {
            for name in ["first", "second"] {
                let log = log.clone();
                drop(spawn(async move {
                    let _guard = OnDrop(|| log.push(name));
                    pending::<()>().await;
                }));
            }
            yield_now().await;
            panic_any(4711_u32);
        })
    });
    assert_eq!(log.take(), ["second", "first", "the caller unwinds"]);
    assert_eq!(
        payload.downcast_ref::<u32>(),
        Some(&4711),
        "the same payload"
    );
    assert_eq!(run(ready(1)), 1, "a later run on this thread works");
}

#[test]
fn c002_an_error_of_main_comes_back_after_every_task_was_dropped() {
    let log = Log::new();
    let mine = log.clone();
    let result = run(async {
        drop(spawn(async move {
            let _guard = OnDrop(|| mine.push("dropped"));
            pending::<()>().await;
        }));
        yield_now().await;
        Err::<(), _>("no luck")
    });
    assert_eq!(result, Err("no luck"));
    assert_eq!(log.take(), ["dropped"]);
}

#[test]
fn c002_the_main_future_is_dropped_before_the_tasks_it_left() {
    let log = Log::new();
    run(async {
        let _main = OnDrop(|| log.push("main's local"));
        let log = log.clone();
        drop(spawn(async move {
            let _guard = OnDrop(|| log.push("the task's local"));
            pending::<()>().await;
        }));
        yield_now().await;
    });
    assert_eq!(log.take(), ["main's local", "the task's local"]);
}

// ---- nesting --------------------------------------------------------------

#[test]
fn a_nested_run_panics_with_a_text_that_says_what_to_do() {
    let text = run(async { panic_text(|| run(async {})) });
    assert_eq!(
        text,
        "a loop is already running on this thread, and loops do not nest. Inside it: `.await` the \
         future, `spawn` it, or run it on a thread of its own with `to_thread(|| \
         executor::run(..))`. For a notebook: `Runner::background()`"
    );
}

#[test]
fn a_nested_try_run_gives_an_error_and_drops_the_future_unpolled() {
    let polled = Count::default();
    let dropped = Count::default();
    let guard = OnDrop(|| dropped.add());
    run(async {
        let inner = async {
            let _guard = guard;
            polled.add();
        };
        assert!(matches!(try_run(inner), Err(RunError::AlreadyRunning)));
    });
    assert_eq!((polled.get(), dropped.get()), (0, 1));
}

#[test]
fn a_runner_does_not_run_inside_another_loop() {
    let mut inner = Runner::new();
    run(async {
        assert!(matches!(
            inner.try_run(ready(1)),
            Err(RunError::AlreadyRunning)
        ));
    });
    assert_eq!(inner.run(ready(1)), 1, "the refusal did it no harm");
}

#[test]
fn c004_a_caught_panic_of_a_nested_run_does_the_outer_loop_no_harm() {
    let log = Log::new();
    let mine = log.clone();
    let value = run(async {
        drop(spawn(async move {
            let _guard = OnDrop(|| mine.push("left over"));
            pending::<()>().await;
        }));
        let task = spawn(async {
            panic_of(|| run(async {}));
            yield_now().await;
            current_task().map(|task| task.id())
        });
        let id = task.id();
        assert_eq!(
            task.await.unwrap(),
            Some(id),
            "the task is still the current one"
        );
        sleep(Duration::from_nanos(1)).await;
        "main's value"
    });
    assert_eq!(value, "main's value");
    assert_eq!(log.take(), ["left over"]);
    assert_eq!(run(ready(1)), 1);
}

#[test]
fn c005_a_thread_job_may_run_a_loop_of_its_own() {
    let (inner, outer) = run(async {
        let _left = spawn_named("outer task", pending::<()>());
        let inner = to_thread(|| {
            run(async {
                let _task = spawn_named("inner task", async {});
                task_names()
            })
        });
        (inner.await, task_names())
    });
    assert_eq!(inner, ["Task-1", "inner task"]);
    assert_eq!(outer, ["Task-1", "outer task"]);
}

// ---- what is left at the end ----------------------------------------------

#[test]
fn c007_a_parked_task_is_dropped_before_run_returns() {
    let log = Log::new();
    let mine = log.clone();
    let handle = run(async {
        let task = spawn(async move {
            let _guard = OnDrop(|| mine.push("destructor"));
            sleep(Duration::from_secs(3600)).await;
            mine.push("never");
        });
        yield_now().await;
        task
    });
    assert_eq!(log.take(), ["destructor"]);
    assert!(handle.is_finished());
    let ended = run(handle).expect_err("it never returned");
    assert!(ended.is_cancelled());
}

#[test]
fn c008_a_left_over_task_that_panics_in_its_destructor_does_not_take_mains_value() {
    let log = Log::new();
    let value = run(async {
        for name in ["first", "second", "third"] {
            let log = log.clone();
            drop(spawn(async move {
                let _guard = OnDrop(|| {
                    log.push(name);
                    assert_ne!(name, "second", "a destructor that panics");
                });
                pending::<()>().await;
            }));
        }
        yield_now().await;
        "main's value"
    });
    assert_eq!(value, "main's value");
    assert_eq!(
        log.take(),
        ["third", "second", "first"],
        "the others go too"
    );
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn c008_a_panic_in_a_destructor_is_reported_with_the_task_and_its_line() {
    let test =
        "event_loop::run::c008_a_panic_in_a_destructor_is_reported_with_the_task_and_its_line";
    let Some(child) = in_own_process(test, &[]) else {
        run(async {
            drop(spawn_named("leftover", async {
                let _guard = OnDrop(|| panic!("no way out"));
                pending::<()>().await;
            }));
            yield_now().await;
        });
        return;
    };
    let reports = reports(&child);
    assert_eq!(reports.len(), 1, "{reports:?}");
    for part in ["panicked: no way out", "\"leftover\"", file!()] {
        assert!(reports[0].contains(part), "{part:?} is not in {reports:?}");
    }
}

// ---- two loops never meet -------------------------------------------------

#[cfg(feature = "observe")]
#[test]
fn c019_a_waker_of_an_earlier_run_wakes_no_task_of_a_later_one() {
    // The main futures and the tasks of both runs have the same numbers.
    let old_gate = Gate::new();
    let mut old_main = None;
    run(async {
        let waiter = spawn(old_gate.clone().wait());
        yield_now().await;
        old_main = Some(poll_fn(|cx| Poll::Ready(cx.waker().clone())).await);
        drop(waiter);
    });
    let stale = [old_gate.last_waker(), old_main.expect("main was polled")];

    let (mut runner, recorder) = recorded_virtual_runner();
    let task = runner.run(async {
        let gate = Gate::new();
        let task = spawn(gate.clone().wait());
        yield_now().await;
        let helper = spawn(async move {
            stale.into_iter().for_each(Waker::wake);
        });
        sleep(Duration::from_secs(1)).await;
        helper.await.unwrap();
        gate.open();
        let id = task.id();
        task.await.unwrap();
        id
    });
    let main = TaskInfo::id(&runner.run(async { current_task().unwrap() }));
    let events = recorder.take();
    assert_eq!(
        polls_of(&events, task),
        2,
        "at its start, and when the gate opens"
    );
    assert_eq!(wakes_of(&events, task), [WakeOutcome::Queued]);
    let main_of_first_run = first_task(&events);
    assert_ne!(
        main, main_of_first_run,
        "a number is never used twice in one loop"
    );
    assert_eq!(
        polls_of(&events, main_of_first_run),
        4,
        "start, yield, sleep, join"
    );
}

/// The first task that was ever made: the main future of the first run.
#[cfg(feature = "observe")]
fn first_task(events: &[(Duration, Event)]) -> executor::instrument::TaskId {
    let spawned = |(_, event): &(Duration, Event)| match event {
        Event::TaskSpawn { task, .. } => Some(*task),
        _ => None,
    };
    events.iter().find_map(spawned).expect("a main future")
}

#[test]
fn c019_a_waker_of_an_outer_run_does_not_wake_an_inner_one() {
    let (inner_polls, outer_polls) = run(async {
        let outer_polls = Count::default();
        let outer = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        let job = to_thread(move || inner_run_that_wakes(&outer));
        let inner_polls = counted(&outer_polls, job).await;
        (inner_polls, outer_polls.get())
    });
    assert_eq!(inner_polls, 2, "at its start, and when its own gate opens");
    // The outer task was woken, by messages that the loop may have drained at once.
    assert!(outer_polls >= 2, "polled {outer_polls} times");
}

/// Counts the polls of a task that waits while another thread is woken through
/// `other`.
fn inner_run_that_wakes(other: &Waker) -> u32 {
    let (polls, gate) = (Count::default(), Gate::new());
    run(async {
        let waiting = spawn(counted(&polls, gate.clone().wait()));
        for _ in 0..10 {
            yield_now().await;
            other.wake_by_ref();
        }
        assert!(!gate.last_waker().will_wake(other));
        gate.open();
        waiting.await.unwrap();
    });
    polls.get()
}

#[test]
fn c019_a_waker_of_an_inner_run_does_not_wake_the_outer_one() {
    run(async {
        let (gate, polls) = (Gate::new(), Count::default());
        let waiting = spawn(counted(&polls, gate.clone().wait()));
        yield_now().await;
        let inner = to_thread(|| {
            let gate = Gate::new();
            run(async {
                let _left = spawn(gate.clone().wait());
                yield_now().await;
            });
            gate.last_waker()
        });
        inner.await.wake();
        yield_now().await;
        assert_eq!(polls.get(), 1);
        gate.open();
        waiting.await.unwrap();
        assert_eq!(polls.get(), 2);
    });
}
