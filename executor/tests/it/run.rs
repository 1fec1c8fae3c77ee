//! `run`, `try_run`, `Runner` and nesting: what comes back, what is cleaned up
//! and in which order, what a loop inside a loop does, and that two loops never
//! meet.

#![allow(
    clippy::async_yields_async,
    reason = "a run that gives back a handle is what some cases are about"
)]

use std::any::Any;
use std::cell::RefCell;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use executor::instrument::{self, Event, WakeOutcome};
use executor::{
    ContextVar, Handle, OnPanic, RunError, Runner, TaskInfo, current_task, now, run, sleep, spawn,
    spawn_named, tasks, to_thread, try_run, yield_now,
};

use crate::common::{
    Count, Gate, Log, OnDrop, counted, in_own_process, panic_text, polls_of,
    recorded_virtual_runner, reports, virtual_runner, wakes_of,
};

/// What `program` panics with.
#[track_caller]
fn panic_of<T>(program: impl FnOnce() -> T) -> Box<dyn Any + Send> {
    match catch_unwind(AssertUnwindSafe(program)) {
        Ok(_) => panic!("expected a panic"),
        Err(payload) => payload,
    }
}

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
            "the task still knows who it is"
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
                names()
            })
        });
        (inner.await, names())
    });
    assert_eq!(inner, ["Task-1", "inner task"]);
    assert_eq!(outer, ["Task-1", "outer task"]);
}

fn names() -> Vec<String> {
    tasks().iter().map(|task| task.name()).collect()
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
    let test = "run::c008_a_panic_in_a_destructor_is_reported_with_the_task_and_its_line";
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

// ---- Runner ---------------------------------------------------------------

#[test]
fn c010_a_task_of_a_runner_makes_progress_only_while_it_runs() {
    let progress = Count::default();
    let mine = progress.clone();
    let mut runner = virtual_runner();
    let task = runner.spawn(async move {
        loop {
            mine.add();
            yield_now().await;
        }
    });
    assert_eq!(progress.get(), 0);
    // Main and the task take turns; the task was spawned first.
    runner.run(yield_now());
    assert_eq!(progress.get(), 2);
    runner.run(yield_now());
    assert!(progress.get() > 2);
    assert!(!task.is_finished());
}

#[test]
fn c011_background_tasks_and_context_variables_survive_between_runs() {
    static USER: ContextVar<&str> = ContextVar::new("user");
    let log = Log::new();
    let mine = log.clone();
    let mut runner = virtual_runner();
    let (task, started) = runner.run(async {
        USER.set("ada");
        let task = spawn(async move {
            mine.push("started");
            sleep(Duration::from_secs(1)).await;
            mine.push(USER.get().unwrap_or("nobody"));
            "output"
        });
        yield_now().await;
        (task, now())
    });
    assert_eq!(log.take(), ["started"]);
    assert_eq!(USER.get(), None, "the thread itself has no value");
    let (output, user, ended) = runner.run(async { (task.await, USER.get(), now()) });
    assert_eq!(output.unwrap(), "output");
    assert_eq!(user, Some("ada"));
    assert_eq!(log.take(), ["ada"]);
    assert_eq!(
        ended - started,
        Duration::from_secs(1),
        "its timer survived too"
    );
}

#[test]
fn c013_dropping_a_runner_drops_its_parked_tasks_with_the_loop_entered() {
    let log = Log::new();
    let mine = log.clone();
    let mut runner = Runner::new();
    runner.run(async {
        drop(spawn_named("parked", async move {
            let _guard =
                OnDrop(|| mine.push(current_task().map_or("nobody".into(), |me| me.name())));
            pending::<()>().await;
        }));
        yield_now().await;
    });
    assert!(log.take().is_empty(), "the end of a run drops nothing");
    drop(runner);
    assert_eq!(log.take(), ["parked"]);
    assert!(Handle::try_current().is_none());
}

#[test]
fn c013_a_task_that_was_never_polled_is_dropped_with_its_runner() {
    let dropped = Count::default();
    let mine = dropped.clone();
    let runner = Runner::new();
    let guard = OnDrop(move || mine.add());
    let task = runner.spawn(async move {
        let _guard = guard;
    });
    drop(runner);
    assert_eq!(dropped.get(), 1);
    assert!(run(task).unwrap_err().is_cancelled());
}

#[test]
fn a_runner_may_be_dropped_inside_another_loop() {
    let log = Log::new();
    let mine = log.clone();
    let mut other = Runner::new();
    let task = other.spawn(async move {
        let _guard = OnDrop(|| mine.push(names().join(" ")));
        pending::<()>().await;
    });
    drop(task);
    other.run(yield_now());
    run(async {
        let mine = spawn_named("mine", async { 5 });
        drop(other);
        assert_eq!(mine.await.unwrap(), 5, "this loop goes on");
        assert_eq!(current_task().unwrap().name(), "Task-1");
    });
    assert_eq!(log.take(), ["Task-1"], "the destructor saw its own loop");
}

#[test]
fn closing_a_runner_twice_is_fine_and_running_it_then_is_an_error() {
    let dropped = Count::default();
    let mine = dropped.clone();
    let mut runner = Runner::new();
    drop(runner.spawn(async move {
        let _guard = OnDrop(|| mine.add());
        pending::<()>().await;
    }));
    runner.run(yield_now());
    runner.close();
    assert_eq!(dropped.get(), 1);
    runner.close();
    assert!(matches!(runner.try_run(ready(1)), Err(RunError::Closed)));
    let closed = "this Runner was closed; build a new one";
    assert_eq!(panic_text(|| runner.run(ready(1))), closed);
    assert_eq!(panic_text(|| runner.spawn(ready(1))), closed);
    assert_eq!(panic_text(|| runner.handle()), closed);
    assert_eq!(format!("{runner:?}"), "Runner(closed)");
}

thread_local! {
    static RUNNER: RefCell<Option<Runner>> = const { RefCell::new(None) };
}

/// Leaves a runner with a parked task in a thread-local of a thread that ends,
/// and gives what `in_destructor` says in the destructor of that task.
///
/// Thread-locals go in an order that depends on which was used first.
fn end_a_thread_with_a_runner<T: Send + 'static>(
    loop_first: bool,
    in_destructor: impl Fn() -> T + Send + 'static,
) -> Vec<T> {
    let (send, receive) = mpsc::channel();
    let thread = thread::spawn(move || {
        if loop_first {
            run(async {});
        }
        RUNNER.with(|_| ());
        let mut runner = Runner::new();
        drop(runner.spawn(async move {
            let _guard = OnDrop(|| send.send(in_destructor()).expect("the test listens"));
            sleep(Duration::from_secs(3600)).await;
        }));
        runner.run(yield_now());
        RUNNER.set(Some(runner));
    });
    assert!(thread.join().is_ok());
    receive.iter().collect()
}

#[test]
fn c014_a_runner_in_a_thread_local_ends_with_its_thread() {
    static USER: ContextVar<u32> = ContextVar::new("user");
    // A panic in the destructor of a thread-local aborts the process.
    for loop_first in [false, true] {
        let dropped = end_a_thread_with_a_runner(loop_first, || {
            USER.set(1);
            drop((
                USER.get(),
                current_task(),
                tasks(),
                now(),
                sleep(Duration::ZERO),
            ));
        });
        assert_eq!(dropped.len(), 1);
    }
}

#[test]
fn c014_a_destructor_in_such_a_runner_finds_its_loop() {
    for loop_first in [true, false] {
        let names = end_a_thread_with_a_runner(loop_first, || current_task().map(|me| me.name()));
        assert_eq!(names, [Some("Task-1".into())], "loop first: {loop_first}");
    }
}

#[test]
fn c016_a_runner_whose_run_was_unwound_can_be_closed() {
    let log = Log::new();
    let mine = log.clone();
    let mut runner = virtual_runner();
    let payload = panic_of(|| {
        runner.run(async {
            drop(spawn(async move {
                let _guard = OnDrop(|| mine.push("dropped"));
                pending::<()>().await;
            }));
            yield_now().await;
            panic_any("from outside");
        })
    });
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"from outside"));
    // Only the background task is registered; main has left nothing behind.
    assert_eq!(format!("{runner:?}"), "Runner(1 tasks)");
    assert!(Handle::try_current().is_none());
    runner.close();
    assert_eq!(log.take(), ["dropped"]);
}

#[test]
fn c016_a_runner_whose_run_was_unwound_can_run_again() {
    let mut runner = virtual_runner();
    let task = runner.spawn(async {
        sleep(Duration::from_secs(1)).await;
        "went on"
    });
    panic_of(|| {
        runner.run(async {
            yield_now().await;
            panic!("from outside");
        })
    });
    assert_eq!(runner.run(task).unwrap(), "went on");
}

#[test]
fn c017_a_main_future_that_can_never_go_on_ends_in_a_stall_error() {
    let dropped = Count::default();
    let guard = OnDrop(|| dropped.add());
    let result = try_run(async {
        let _guard = guard;
        pending::<u32>().await
    });
    let error = result.expect_err("there is no value");
    assert_eq!(dropped.get(), 1, "the main future is gone");
    let RunError::Stalled { tasks, .. } = &error else {
        panic!("not a stall: {error}");
    };
    assert_eq!(tasks.len(), 1);
    assert!(error.to_string().starts_with("the loop has stalled"));
    let text = panic_text(|| run(pending::<()>()));
    assert!(text.starts_with("the loop has stalled"), "{text}");
}

#[test]
fn c017_a_runner_survives_a_stall() {
    let gate = Gate::new();
    let mut runner = Runner::new();
    let task = runner.spawn(gate.clone().wait());
    // The gate is not open and this test holds the only way to open it, but
    // the loop cannot know: only a task without a waker is a certain stall.
    runner.run(yield_now());
    gate.open();
    runner.run(task).unwrap();
    let stalled = runner.try_run(pending::<()>());
    assert!(matches!(stalled, Err(RunError::Stalled { .. })));
    assert_eq!(runner.run(ready(1)), 1);
}

#[test]
fn c017_a_panic_of_a_task_may_stop_the_loop_before_main_has_finished() {
    let mut runner = Runner::builder().on_panic(OnPanic::Stop).build();
    let payload = panic_of(|| {
        runner.run(async {
            drop(spawn(async { panic_any("stop") }));
            pending::<()>().await;
        })
    });
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"stop"));
}

// ---- two loops never meet -------------------------------------------------

#[test]
fn c019_a_waker_of_an_earlier_run_wakes_nobody_in_a_later_one() {
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
fn first_task(events: &[(Duration, Event)]) -> instrument::TaskId {
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
    // The outer one was woken, by letters that may have come together.
    assert!(outer_polls >= 2, "polled {outer_polls} times");
}

/// How often a task that waits is polled while somebody wakes `other`.
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

// ---- a loop on a thread of its own ----------------------------------------

#[test]
fn a_background_loop_keeps_its_tasks_between_calls() {
    let background = Runner::background();
    let task = background.spawn(|| async {
        for _ in 0..3 {
            yield_now().await;
        }
        "output"
    });
    assert_eq!(background.run(|| async { 1 }), 1);
    assert_eq!(task.wait().unwrap(), "output");
}

#[test]
fn a_panic_of_a_future_comes_out_of_background_run_with_its_payload() {
    let background = Runner::background();
    let payload = panic_of(|| background.run(|| async { panic_any(7_u8) }));
    assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
    assert_eq!(background.run(|| async { 1 }), 1, "the loop goes on");
}

#[test]
fn dropping_a_background_loop_drops_its_tasks_first() {
    let (send, receive) = mpsc::channel();
    let background = Runner::background();
    let task = background.spawn(move || async move {
        let _guard = OnDrop(|| send.send("dropped").expect("the test listens"));
        pending::<()>().await;
    });
    background.run(yield_now);
    drop(background);
    assert_eq!(receive.try_recv(), Ok("dropped"));
    assert!(task.wait().unwrap_err().is_cancelled());
}

#[test]
fn background_run_on_its_own_thread_is_refused() {
    let background = Arc::new(Runner::background());
    let inside = Arc::clone(&background);
    let text = background.run(move || async move {
        let text = panic_text(|| inside.run(|| async {}));
        drop(inside);
        text
    });
    assert!(text.contains("the loop's own thread"), "{text}");
}

#[test]
fn a_background_loop_can_be_used_inside_another_loop() {
    let background = Runner::background();
    let value = run(async { background.spawn(|| async { 5 }).await });
    assert_eq!(value.unwrap(), 5);
}
