//! `spawn`, the handle, names: in which order tasks start, what their handles
//! give and when, how panics are contained, and that nothing is lost or
//! dropped twice.

#![allow(
    clippy::async_yields_async,
    reason = "a run that gives back a handle is what some cases are about"
)]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, panic_any};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Waker;
use std::thread;
use std::time::Duration;

#[cfg(feature = "observe")]
use executor::instrument::WakeOutcome;
use executor::{
    Handle, JoinHandle, OnPanic, Runner, current_task, gather, run, sleep, spawn, spawn_named,
    tasks, yield_now,
};
use futures::FutureExt;

use crate::common::{
    Count, Gate, Log, OnDrop, in_own_process, panic_text, poll_once, reports, sized, virtual_runner,
};
#[cfg(feature = "observe")]
use crate::common::{polls_of, recorded_virtual_runner, wakes_of};

/// The line that calls this.
#[track_caller]
fn here() -> (&'static str, u32) {
    line_of(Location::caller())
}

fn line_of(location: &'static Location<'static>) -> (&'static str, u32) {
    (location.file(), location.line())
}

// ---- order ----------------------------------------------------------------

/// The order of the first polls of eight tasks that are spawned in one poll.
fn first_polls(mut runner: Runner) -> Vec<String> {
    let log = Log::new();
    runner.run(async {
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let log = log.clone();
                spawn(async move { log.push(n) })
            })
            .collect();
        assert!(
            log.take().is_empty(),
            "a spawned task is not polled at once"
        );
        for task in tasks {
            task.await.unwrap();
        }
    });
    log.take()
}

#[test]
fn c022_first_polls_happen_in_spawn_order() {
    let order = first_polls(virtual_runner());
    assert_eq!(order, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn c022_a_seed_shuffles_the_first_polls_and_repeats_itself() {
    let with_seed = |seed| first_polls(Runner::builder().virtual_time().seed(seed).build());
    let mut orders = BTreeSet::new();
    for seed in 0..sized(16, 4) {
        let order = with_seed(seed);
        assert_eq!(order, with_seed(seed), "the same seed gives the same order");
        let all: BTreeSet<_> = order.iter().cloned().collect();
        assert_eq!(all.len(), 8, "every task runs once");
        orders.insert(order);
    }
    assert!(orders.len() > 1, "some seed gives another order");
}

#[test]
fn a_task_that_is_spawned_later_runs_after_those_that_are_ready() {
    let log = Log::new();
    run(async {
        let (early, late) = (log.clone(), log.clone());
        let first = spawn(async move {
            early.push("first");
            let second = spawn(async move { late.push("spawned by first") });
            yield_now().await;
            early.push("first again");
            second.await.unwrap();
        });
        let second = log.clone();
        let second = spawn(async move { second.push("second") });
        first.await.unwrap();
        second.await.unwrap();
    });
    let expected = ["first", "second", "spawned by first", "first again"];
    assert_eq!(log.take(), expected);
}

#[test]
fn c023_a_chain_of_ten_thousand_tasks_needs_no_deep_stack() {
    fn nest(depth: u32) -> Pin<Box<dyn Future<Output = u32>>> {
        Box::pin(async move {
            match depth {
                0 => 0,
                _ => spawn(nest(depth - 1)).await.unwrap() + 1,
            }
        })
    }
    const DEPTH: u32 = sized(10_000, 50);
    // If one task ran on the stack of another, this stack would overflow.
    let thread = thread::Builder::new().stack_size(256 << 10);
    let deep = thread.spawn(|| run(nest(DEPTH))).unwrap();
    assert_eq!(deep.join().unwrap(), DEPTH);
    // The same when the chain is cut off in the middle of it.
    let thread = thread::Builder::new().stack_size(256 << 10);
    let cut = thread.spawn(|| {
        run(async {
            let task = spawn(nest(DEPTH));
            for _ in 0..DEPTH / 2 {
                yield_now().await;
            }
            assert!(task.cancel());
            assert!(task.await.unwrap_err().is_cancelled());
        })
    });
    cut.unwrap().join().unwrap();
}

// ---- handles --------------------------------------------------------------

#[test]
fn c025_a_task_goes_on_when_its_handle_is_dropped() {
    let log = Log::new();
    virtual_runner().run(async {
        let mine = log.clone();
        drop(spawn(async move {
            mine.push("before");
            yield_now().await;
            sleep(Duration::from_secs(1)).await;
            mine.push("after");
        }));
        sleep(Duration::from_secs(2)).await;
    });
    assert_eq!(log.take(), ["before", "after"]);
}

#[test]
fn c025_dropping_a_handle_in_the_middle_detaches_too() {
    let log = Log::new();
    virtual_runner().run(async {
        let mine = log.clone();
        let mut task = spawn(async move {
            sleep(Duration::from_secs(1)).await;
            mine.push("after");
        });
        assert!(poll_once(&mut task).await.is_pending());
        drop(task);
        sleep(Duration::from_secs(2)).await;
    });
    assert_eq!(log.take(), ["after"]);
}

#[test]
fn c026_a_detached_task_on_a_timer_is_kept_alive_by_the_loop() {
    const ROUNDS: u32 = sized(100, 3);
    let log = Log::new();
    virtual_runner().run(async {
        let mine = log.clone();
        drop(spawn(async move {
            sleep(Duration::from_secs(3600)).await;
            mine.push("completed");
        }));
        // Other tasks come and go in the slots beside it.
        for _ in 0..ROUNDS {
            gather((0..20).map(|_| spawn(yield_now())).collect::<Vec<_>>()).await;
            sleep(Duration::from_secs(3000) / ROUNDS).await;
        }
        assert!(log.take().is_empty());
        sleep(Duration::from_secs(600)).await;
    });
    assert_eq!(log.take(), ["completed"]);
}

#[test]
fn c028_a_guard_cancels_its_task_when_it_is_dropped() {
    let log = Log::new();
    virtual_runner().run(async {
        let mine = log.clone();
        let guard = spawn(async move {
            let _guard = OnDrop(|| mine.push("dropped"));
            pending::<()>().await;
        })
        .cancel_on_drop();
        yield_now().await;
        drop(guard);
        assert!(log.take().is_empty(), "never inside the caller");
        yield_now().await;
        assert_eq!(log.take(), ["dropped"]);
    });
}

#[test]
fn c028_detaching_a_guard_defuses_it() {
    virtual_runner().run(async {
        let gate = Gate::new();
        let guard = spawn(gate.clone().wait().map(|()| "output")).cancel_on_drop();
        let handle = guard.detach();
        yield_now().await;
        gate.open();
        assert_eq!(handle.await.unwrap(), "output");
    });
}

#[test]
fn c028_awaiting_a_guard_gives_the_output() {
    virtual_runner().run(async {
        let guard = spawn(async { 5 }).cancel_on_drop();
        assert!(!guard.handle().is_finished());
        assert_eq!(guard.await.unwrap(), 5);
    });
}

#[test]
fn c029_a_finished_task_gives_its_output_after_the_loop_is_gone() {
    let dropped = Count::default();
    let output = dropped.clone();
    let task = run(async {
        let task = spawn(async { OnDrop(move || output.add()) });
        yield_now().await;
        task
    });
    assert!(task.is_finished());
    let output = task.now_or_never().expect("no loop is needed").unwrap();
    assert_eq!(dropped.get(), 0);
    drop(output);
    assert_eq!(dropped.get(), 1);
}

#[test]
fn c029_dropping_the_handle_of_a_finished_task_drops_the_output_once() {
    let dropped = Count::default();
    let outputs = [dropped.clone(), dropped.clone()];
    let left = run(async {
        let [first, second] = outputs.map(|count| spawn(async { OnDrop(move || count.add()) }));
        yield_now().await;
        drop(first);
        assert_eq!(dropped.get(), 1, "inside the loop");
        second
    });
    assert_eq!(
        dropped.get(),
        1,
        "the end of the loop keeps an output that can be read"
    );
    drop(left);
    assert_eq!(dropped.get(), 2, "after the loop");
}

#[test]
fn c031_a_handle_that_is_polled_after_its_output_panics() {
    let text = run(async {
        let mut task = spawn(async { 1 });
        (&mut task).await.unwrap();
        assert!(task.is_finished());
        panic_text(|| task.now_or_never())
    });
    assert_eq!(text, "a JoinHandle was polled after it gave its output");
}

#[test]
fn a_handle_that_was_read_still_knows_its_task() {
    run(async {
        let mut task = spawn_named("reader", async { 1 });
        let id = task.id();
        (&mut task).await.unwrap();
        assert_eq!((task.id(), task.name()), (id, "reader".to_string()));
        assert!(!task.cancel());
    });
}

#[cfg(feature = "observe")]
#[test]
fn c032_who_awaits_a_handle_is_woken_once_and_sees_the_value() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let a = runner.run(async {
        let gate = Gate::new();
        let b = spawn(gate.clone().wait().map(|()| "b's value"));
        let a = spawn(async { b.await.unwrap() });
        yield_now().await;
        gate.open();
        let id = a.id();
        assert_eq!(a.await.unwrap(), "b's value");
        id
    });
    let events = recorder.take();
    assert_eq!(wakes_of(&events, a), [WakeOutcome::Queued]);
    assert_eq!(polls_of(&events, a), 2);
}

#[cfg(feature = "observe")]
#[test]
fn c032_a_handle_that_moves_to_another_task_wakes_only_that_one() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let main = runner.run(async {
        let gate = Gate::new();
        let mut b = spawn(gate.clone().wait());
        yield_now().await;
        assert!(poll_once(&mut b).await.is_pending());
        let a = spawn(b);
        yield_now().await;
        recorder.take();
        gate.open();
        sleep(Duration::from_secs(1)).await;
        a.await.unwrap().unwrap();
        current_task().unwrap().id()
    });
    let events = recorder.take();
    assert_eq!(
        wakes_of(&events, main),
        [WakeOutcome::Queued],
        "by its own sleep"
    );
}

// ---- names ----------------------------------------------------------------

#[test]
fn c034_tasks_have_a_name_and_the_line_that_spawned_them() {
    run(async {
        let main = current_task().unwrap();
        assert_eq!(main.name(), "Task-1");
        let (given_at, given) = (here(), spawn_named("given", pending::<()>()));
        let (first_at, first) = (here(), spawn(pending::<()>()));
        let (second_at, second) = (here(), spawn(pending::<()>()));
        assert_eq!(given.name(), "given");
        assert_eq!(
            (first.name(), second.name()),
            ("Task-3".into(), "Task-4".into())
        );
        assert_eq!(first.name(), format!("Task-{}", first.id()));

        let list = tasks();
        let names: Vec<_> = list.iter().map(|task| task.name()).collect();
        assert_eq!(names, ["Task-1", "given", "Task-3", "Task-4"]);
        let sites: Vec<_> = list[1..]
            .iter()
            .map(|task| line_of(task.spawned_at()))
            .collect();
        assert_eq!(sites, [given_at, first_at, second_at]);
        assert!(
            list[1..]
                .iter()
                .all(|task| task.parent() == Some(main.id()))
        );
    });
}

#[test]
fn c034_the_main_futures_site_is_the_line_that_calls_run() {
    let site = || line_of(current_task().unwrap().spawned_at());
    assert_eq!(here(), run(async { site() }));
    let mut runner = virtual_runner();
    assert_eq!(here(), runner.run(async { site() }));
}

#[test]
fn c034_a_task_from_another_thread_has_the_line_that_sent_it() {
    let background = Runner::background();
    let handle = background.handle();
    let site = || async { line_of(current_task().unwrap().spawned_at()) };
    let (sent_at, task) = (here(), handle.spawn(site));
    assert_eq!(task.wait().unwrap(), sent_at);
}

#[test]
fn c034_ids_are_never_used_twice() {
    let mut ids = BTreeSet::new();
    run(async {
        for _ in 0..sized(100, 10) {
            let task = spawn(async {});
            assert!(ids.insert(task.id()));
            task.await.unwrap();
        }
    });
}

// ---- outside --------------------------------------------------------------

#[test]
fn c035_outside_a_loop_the_text_says_what_to_do() {
    let rest = "needs a running loop, and none runs on this thread: call it from a future that \
                `executor::run(..)` runs, or, from another thread, through an `executor::Handle`";
    assert_eq!(panic_text(|| spawn(async {})), format!("spawn {rest}"));
    let named = panic_text(|| spawn_named("name", async {}));
    assert_eq!(named, format!("spawn_named {rest}"));
    assert_eq!(
        panic_text(Handle::current),
        format!("Handle::current {rest}")
    );
    let text = panic_text(|| sleep(Duration::from_secs(1)).now_or_never());
    assert!(text.contains("`executor::run(..)`"), "{text}");
    assert!(current_task().is_none());
    assert!(tasks().is_empty());
    assert!(Handle::try_current().is_none());
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn c035_outside_a_loop_the_panic_is_at_the_callers_line() {
    let test = "spawn::tasks::c035_outside_a_loop_the_panic_is_at_the_callers_line";
    let first = line!() + 2;
    let Some(child) = in_own_process(test, &[]) else {
        let _ = catch_unwind(|| drop(spawn(async {})));
        let _ = catch_unwind(|| drop(spawn_named("name", async {})));
        let _ = catch_unwind(|| drop(Handle::current()));
        return;
    };
    let stderr = String::from_utf8_lossy(&child.stderr);
    for line in first..first + 3 {
        let place = format!("panicked at {}:{line}:", file!());
        assert!(stderr.contains(&place), "{place} is not in\n{stderr}");
    }
}

#[test]
fn c035_a_future_is_dropped_when_spawn_refuses_it() {
    let dropped = Count::default();
    let mine = dropped.clone();
    let guard = OnDrop(move || mine.add());
    panic_text(|| {
        spawn(async move {
            let _guard = guard;
        })
    });
    assert_eq!(dropped.get(), 1);
}

// ---- the current task -----------------------------------------------------

#[test]
fn c037_the_current_task_is_always_ones_own() {
    let log = Log::new();
    let name = || current_task().map_or("no task".to_string(), |me| me.name());
    assert_eq!(name(), "no task");
    virtual_runner().run(async {
        let interleaved = ["a", "b"].map(|own| {
            let log = log.clone();
            spawn_named(own, async move {
                for _ in 0..3 {
                    log.push(name());
                    yield_now().await;
                }
            })
        });
        assert_eq!(name(), "Task-1");
        for task in interleaved {
            task.await.unwrap();
            assert_eq!(name(), "Task-1");
        }
    });
    assert_eq!(log.take(), ["a", "b", "a", "b", "a", "b"]);
    assert_eq!(name(), "no task");
}

#[test]
fn c037_in_a_destructor_that_a_cancel_runs_it_is_the_cancelled_task() {
    let log = Log::new();
    virtual_runner().run(async {
        let mine = log.clone();
        let task = spawn_named("cancelled", async move {
            let _guard = OnDrop(|| {
                let me = current_task().expect("a task");
                mine.push(format_args!("{} {:?}", me.name(), me.state()));
            });
            pending::<()>().await;
        });
        yield_now().await;
        task.cancel();
        task.await.unwrap_err();
        assert_eq!(current_task().unwrap().name(), "Task-1");
    });
    assert_eq!(log.take(), ["cancelled Running"]);
}

#[test]
fn c037_in_the_destructor_of_an_unread_output_it_is_the_task_that_made_it() {
    let log = Log::new();
    let speak = |log: &Log| {
        let log = log.clone();
        OnDrop(move || log.push(current_task().map_or("no task".into(), |me| me.name())))
    };
    virtual_runner().run(async {
        // Once with the handle dropped before the task ends, once after.
        let output = speak(&log);
        drop(spawn_named("detached", async { output }));
        yield_now().await;
        assert_eq!(log.take(), ["detached"]);
        let output = speak(&log);
        let task = spawn_named("unread", async { output });
        yield_now().await;
        drop(task);
        assert_eq!(log.take(), ["unread"]);
        // Once it was read, an output belongs to the reader.
        let output = speak(&log);
        drop(spawn_named("read", async { output }).await.unwrap());
        assert_eq!(log.take(), ["Task-1"]);
    });
}

// ---- panics ---------------------------------------------------------------

#[test]
fn c038_a_panic_stays_in_its_task() {
    let log = Log::new();
    virtual_runner().run(async {
        let (local, other) = (log.clone(), log.clone());
        let doomed = spawn_named("doomed", async move {
            let _guard = OnDrop(|| local.push("the local is dropped"));
            yield_now().await;
            panic_any(4711_u32);
        });
        let other = spawn(async move {
            sleep(Duration::from_secs(1)).await;
            other.push("the other continues");
        });
        let error = doomed.await.unwrap_err();
        assert_eq!(log.take(), ["the local is dropped"]);
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(error.task_name().as_deref(), Some("doomed"));
        assert_eq!(error.into_panic().downcast_ref::<u32>(), Some(&4711));
        other.await.unwrap();
        assert_eq!(log.take(), ["the other continues"]);
    });
}

#[test]
fn c038_the_text_of_the_error_names_the_task_its_line_and_the_panic() {
    virtual_runner().run(async {
        let line = line!() + 1;
        let task = spawn_named("doomed", async { panic!("no {}", "luck") });
        let error = Result::<(), _>::unwrap_err(task.await);
        let text = error.to_string();
        let site = format!("{}:{line}:", file!());
        assert!(text.starts_with("task 2 \"doomed\" (spawned at "), "{text}");
        assert!(
            text.contains(&site) && text.ends_with(") panicked: no luck"),
            "{text}"
        );
        assert_eq!(format!("{error:?}"), format!("JoinError({text})"));
        let dyn_error: Box<dyn std::error::Error + Send + Sync> = Box::new(error);
        assert_eq!(dyn_error.to_string(), text);
    });
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn c038_a_panic_that_is_not_awaited_is_reported_once_with_name_and_line() {
    let test = "spawn::tasks::c038_a_panic_that_is_not_awaited_is_reported_once_with_name_and_line";
    let first = line!() + 3;
    let Some(child) = in_own_process(test, &[]) else {
        run(async {
            drop(spawn_named("detached", async { panic!("first") }));
            let unread = spawn_named("unread", async { panic!("second") });
            yield_now().await;
            drop::<JoinHandle<()>>(unread);
            // A panic that was read is not reported.
            let read = spawn_named("read", async { panic!("third") });
            drop::<Result<(), _>>(read.await);
        });
        return;
    };
    let expected = [("detached", "first"), ("unread", "second")];
    let reports = reports(&child);
    assert_eq!(reports.len(), expected.len(), "{reports:?}");
    for (n, (name, panic)) in expected.into_iter().enumerate() {
        let place = format!("\"{name}\" (spawned at {}:{}:", file!(), first + n as u32);
        let end = format!("panicked: {panic} (its handle was dropped)");
        assert!(reports[n].contains(&place), "{place} is not in {reports:?}");
        assert!(reports[n].ends_with(&end), "{end} is not in {reports:?}");
    }
}

#[test]
fn c040_with_stop_a_panic_of_a_background_task_comes_out_of_run() {
    let log = Log::new();
    let mut runner = Runner::builder()
        .virtual_time()
        .on_panic(OnPanic::Stop)
        .build();
    let run = AssertUnwindSafe(|| {
        runner.run(async {
            let mine = log.clone();
            drop(spawn(async move {
                let _guard = OnDrop(|| mine.push("another task"));
                pending::<()>().await;
            }));
            drop(spawn(async {
                yield_now().await;
                panic_any(4711_u32);
            }));
            let _main = OnDrop(|| log.push("main"));
            pending::<()>().await;
        })
    });
    let payload = catch_unwind(run).expect_err("it stops");
    assert_eq!(payload.downcast_ref::<u32>(), Some(&4711));
    assert_eq!(
        log.take(),
        ["main"],
        "the others live as long as the runner"
    );
    drop(runner);
    assert_eq!(log.take(), ["another task"]);
}

#[test]
fn c040_with_log_the_loop_stays_up() {
    let mut runner = Runner::builder()
        .virtual_time()
        .on_panic(OnPanic::Log)
        .build();
    let value = runner.run(async {
        let task = spawn(async { panic!("a background task") });
        sleep(Duration::from_secs(1)).await;
        drop::<JoinHandle<()>>(task);
        "main's value"
    });
    assert_eq!(value, "main's value");
}

#[test]
fn c041_an_output_that_panics_in_its_destructor_does_not_hurt_who_drops_the_handle() {
    let value = virtual_runner().run(async {
        let unread = spawn(async { OnDrop(|| panic!("an output")) });
        let detached = spawn(async { OnDrop(|| panic!("another output")) });
        drop(detached);
        yield_now().await;
        assert!(unread.is_finished());
        drop(unread);
        sleep(Duration::from_secs(1)).await;
        "main's value"
    });
    assert_eq!(value, "main's value");
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn c041_the_panic_of_such_an_output_is_reported_with_its_task() {
    let test = "spawn::tasks::c041_the_panic_of_such_an_output_is_reported_with_its_task";
    let Some(child) = in_own_process(test, &[]) else {
        run(async {
            let task = spawn_named("maker", async { OnDrop(|| panic!("an output")) });
            yield_now().await;
            drop(task);
        });
        return;
    };
    let reports = reports(&child);
    assert_eq!(reports.len(), 1, "{reports:?}");
    for part in ["panicked: an output", "\"maker\"", file!()] {
        assert!(reports[0].contains(part), "{part:?} is not in {reports:?}");
    }
}

/// std ends the process when a destructor panics while its thread unwinds; no
/// program can catch that. This test pins that the process ends at once, and
/// neither hangs nor continues.
#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn c043_a_panic_in_a_destructor_during_a_panic_aborts_the_process() {
    let test = "spawn::tasks::c043_a_panic_in_a_destructor_during_a_panic_aborts_the_process";
    let Some(child) = in_own_process(test, &[]) else {
        run(async {
            let task = spawn(async {
                let _guard = OnDrop(|| panic!("the second panic"));
                panic!("the first panic");
            });
            drop::<Result<(), _>>(task.await);
        });
        return;
    };
    assert!(!child.status.success());
    let stderr = String::from_utf8_lossy(&child.stderr);
    assert!(stderr.contains("the first panic"), "{stderr}");
    assert!(stderr.contains("the second panic"), "{stderr}");
    let stdout = String::from_utf8_lossy(&child.stdout);
    assert!(
        !stdout.contains("test result"),
        "the process went on:\n{stdout}"
    );
}

#[test]
fn c044_tasks_that_wake_each_other_in_destructors_leave_mains_panic_alone() {
    let text = panic_text(|| {
        run(async {
            let wakers: Rc<RefCell<Vec<Waker>>> = Rc::default();
            for _ in 0..2 {
                let wakers = wakers.clone();
                drop(spawn(async move {
                    poll_fn(|cx| {
                        wakers.borrow_mut().push(cx.waker().clone());
                        std::task::Poll::Ready(())
                    })
                    .await;
                    let _guard = OnDrop(|| wakers.borrow().iter().for_each(Waker::wake_by_ref));
                    pending::<()>().await;
                }));
            }
            yield_now().await;
            assert_eq!(wakers.borrow().len(), 2);
            panic!("main's panic");
        })
    });
    assert_eq!(text, "main's panic");
}

// ---- many and large -------------------------------------------------------

#[test]
fn c046_an_iterator_that_panics_while_it_spawns_leaves_the_loop_usable() {
    let log = Log::new();
    virtual_runner().run(async {
        let text = panic_text(|| {
            let spawned = (0..5).map(|n| {
                assert!(n < 3, "the iterator gives up");
                let log = log.clone();
                spawn(async move { log.push(n) })
            });
            spawned.collect::<Vec<_>>()
        });
        assert_eq!(text, "the iterator gives up");
        assert_eq!(spawn(async { 7 }).await.unwrap(), 7);
    });
    assert_eq!(log.take(), ["0", "1", "2"], "what was spawned is detached");
}

#[test]
fn c046_futures_that_were_taken_are_dropped_when_the_iterator_panics() {
    let dropped = Count::default();
    virtual_runner().run(async {
        let futures = (0..5).map(|n| {
            assert!(n < 3, "the iterator gives up");
            let count = dropped.clone();
            let guard = OnDrop(move || count.add());
            async move { drop(guard) }
        });
        panic_text(|| gather(futures.collect::<Vec<_>>()));
        assert_eq!(dropped.get(), 3);
        assert_eq!(gather(vec![ready(1), ready(2)]).await, [1, 2]);
    });
}

#[test]
fn c047_a_hundred_thousand_tasks_leave_nothing_behind() {
    const MANY: usize = sized(100_000, 100);
    let dropped = Count::default();
    let mut runner = virtual_runner();
    runner.run(async {
        let handles: Vec<_> = (0..MANY)
            .map(|n| {
                let count = dropped.clone();
                let guard = OnDrop(move || count.add());
                spawn(async move {
                    let _guard = guard;
                    yield_now().await;
                    n
                })
            })
            .collect();
        assert_eq!(tasks().len(), MANY + 1);
        for (n, handle) in handles.into_iter().enumerate() {
            assert_eq!(handle.await.unwrap(), n);
        }
        assert_eq!(dropped.get(), MANY as u32);
        assert_eq!(tasks().len(), 1, "only main is left");
    });
    assert_eq!(format!("{runner:?}"), "Runner(0 tasks)");
}

#[test]
fn c047_detached_tasks_leave_nothing_behind_either() {
    let mut runner = virtual_runner();
    runner.run(async {
        (0..sized(1000, 100)).for_each(|_| drop(spawn(yield_now())));
        sleep(Duration::from_secs(1)).await;
    });
    assert_eq!(format!("{runner:?}"), "Runner(0 tasks)");
}

#[test]
fn a_finished_task_leaves_the_listing_before_its_output_is_read() {
    virtual_runner().run(async {
        let task = spawn_named("done", async { 1 });
        assert_eq!(tasks().len(), 2);
        yield_now().await;
        assert!(task.is_finished());
        assert_eq!(tasks().len(), 1);
        assert_eq!(task.await.unwrap(), 1);
    });
}

#[test]
fn c049_large_futures_fit_on_a_usual_stack() {
    const LARGE: usize = 1 << sized(20, 10);
    // What a main thread has by default. Passing the future to `spawn` puts
    // some copies on the stack of a debug build; the loop makes no more.
    let usual = thread::Builder::new().stack_size(8 << 20);
    let thread = usual.spawn(|| {
        virtual_runner().run(async {
            let tasks: Vec<_> = (0..16).map(|n| spawn(large(n))).collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), LARGE + n);
            }
        })
    });
    thread.unwrap().join().unwrap();

    async fn large(n: usize) -> usize {
        let bytes = [1_u8; LARGE];
        sleep(Duration::from_secs(1)).await;
        bytes.iter().map(|&byte| usize::from(byte)).sum::<usize>() + n
    }
}
