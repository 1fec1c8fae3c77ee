//! `Runner`: tasks and context variables between runs, closing and dropping.

#![allow(
    clippy::async_yields_async,
    reason = "a run that gives back a handle is what some cases are about"
)]

use std::cell::RefCell;
use std::future::{pending, ready};
use std::panic::panic_any;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use executor::{
    ContextVar, Handle, OnPanic, RunError, Runner, current_task, now, run, sleep, spawn,
    spawn_named, tasks, try_run, yield_now,
};

use crate::common::{Count, Gate, Log, OnDrop, panic_of, panic_text, task_names, virtual_runner};

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
            mine.push(USER.get().unwrap_or("no user"));
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
                OnDrop(|| mine.push(current_task().map_or("no task".into(), |me| me.name())));
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
        let _guard = OnDrop(|| mine.push(task_names().join(" ")));
        pending::<()>().await;
    });
    drop(task);
    other.run(yield_now());
    run(async {
        let mine = spawn_named("mine", async { 5 });
        drop(other);
        assert_eq!(mine.await.unwrap(), 5, "this loop still works");
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
