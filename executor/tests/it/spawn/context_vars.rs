//! Context variables: a value is visible to the task that sets it and to tasks
//! and thread jobs that it starts afterwards.

#![allow(
    clippy::async_yields_async,
    reason = "a handle is to leave its loop unread"
)]

use std::cell::RefCell;
use std::rc::Rc;

use executor::{
    ContextVar, Handle, Runner, current_task, gather, run, sleep, spawn, tasks, timeout, to_thread,
    yield_now,
};
use std::time::Duration;

use crate::common::{Log, OnDrop, sized, virtual_runner};

static NUMBER: ContextVar<u32> = ContextVar::new("number");
static WORD: ContextVar<String> = ContextVar::new("word");

#[test]
fn c232_a_child_sees_the_values_at_its_spawn_and_keeps_its_own_to_itself() {
    run(async {
        NUMBER.set(1);
        let child = spawn(async {
            let inherited = NUMBER.get();
            NUMBER.set(10);
            let grandchild = spawn(async { NUMBER.get() });
            NUMBER.set(20);
            (inherited, grandchild.await.unwrap(), NUMBER.get())
        });
        NUMBER.set(2); // the child has not begun, but was spawned
        assert_eq!(child.await.unwrap(), (Some(1), Some(10), Some(20)));
        assert_eq!(NUMBER.get(), Some(2));
    });
}

#[test]
fn c235_interleaved_tasks_never_mix_their_values() {
    const STEPS: u32 = sized(50, 5);
    let task = |id: u32| async move {
        NUMBER.set(id);
        for step in 0..STEPS {
            if (id + step) % 3 == 0 {
                sleep(Duration::from_micros(u64::from(id))).await;
            } else {
                yield_now().await;
            }
            assert_eq!(
                NUMBER.get(),
                Some(id * 1_000 + step).filter(|_| step > 0).or(Some(id))
            );
            NUMBER.set(id * 1_000 + step + 1);
        }
        NUMBER.get()
    };
    virtual_runner().run(async move {
        let tasks = (1..=20).map(|id| spawn(task(id))).collect::<Vec<_>>();
        for (id, end) in (1..=20).zip(gather(tasks).await) {
            assert_eq!(end.unwrap(), Some(id * 1_000 + STEPS));
        }
        assert_eq!(NUMBER.get(), None);
    });
}

#[test]
fn the_futures_of_a_gather_and_a_timeout_share_the_values_of_their_task() {
    run(async {
        NUMBER.set(1);
        let sets = async { NUMBER.set(2) };
        let reads = async {
            yield_now().await;
            NUMBER.get()
        };
        assert_eq!(gather((sets, reads)).await.1, Some(2));
        timeout(Duration::MAX, async { NUMBER.set(3) })
            .await
            .unwrap();
        assert_eq!(NUMBER.get(), Some(3));
    });
}

#[test]
fn variables_are_apart_from_each_other_and_have_no_value_at_first() {
    static OTHER: ContextVar<u32> = ContextVar::new("number");
    run(async {
        assert_eq!((NUMBER.get(), OTHER.get(), WORD.get()), (None, None, None));
        NUMBER.set(1);
        WORD.set("one".into());
        assert_eq!(OTHER.get(), None, "the same name is not the same variable");
        OTHER.set(2);
        assert_eq!((NUMBER.get(), OTHER.get()), (Some(1), Some(2)));
        assert_eq!(WORD.get().as_deref(), Some("one"));
    });
    assert_eq!(
        (WORD.name(), format!("{WORD:?}")),
        ("word", "ContextVar(\"word\")".into())
    );
}

#[test]
fn a_run_starts_with_the_values_of_its_thread_and_leaves_them_alone() {
    NUMBER.set(1);
    let seen = run(async {
        let seen = NUMBER.get();
        NUMBER.set(2);
        (seen, spawn(async { NUMBER.get() }).await.unwrap())
    });
    assert_eq!(seen, (Some(1), Some(2)));
    assert_eq!(NUMBER.get(), Some(1));
    assert_eq!(std::thread::spawn(|| NUMBER.get()).join().unwrap(), None);
}

#[test]
fn a_runner_keeps_the_values_of_its_main_future_from_run_to_run() {
    let (mut one, mut two) = (Runner::new(), Runner::new());
    one.run(async { NUMBER.set(1) });
    two.run(async { NUMBER.set(2) });
    assert_eq!(one.run(async { NUMBER.get() }), Some(1));
    assert_eq!(two.run(async { NUMBER.get() }), Some(2));
    assert_eq!(NUMBER.get(), None);
}

// ---- tasks from other threads (asyncio: run_coroutine_threadsafe) ----------

#[test]
fn a_task_spawned_through_a_handle_has_the_values_of_the_caller() {
    run(async {
        NUMBER.set(1); // of this task
        let handle = Handle::current();
        let here = handle.spawn(|| async { NUMBER.get() });
        NUMBER.set(2); // after the call
        assert_eq!(here.await.unwrap(), Some(1));

        let of_job = handle.clone();
        let remote = to_thread(move || {
            let inherited = NUMBER.get();
            NUMBER.set(3);
            (inherited, of_job.spawn(|| async { NUMBER.get() }))
        });
        let (inherited, remote) = remote.await;
        assert_eq!((inherited, remote.await.unwrap()), (Some(2), Some(3)));

        let plain = std::thread::spawn(move || {
            let before = handle.spawn(|| async { NUMBER.get() });
            NUMBER.set(4);
            (before, handle.spawn(|| async { NUMBER.get() }))
        });
        let (before, after) = plain.join().unwrap();
        assert_eq!(
            (before.await.unwrap(), after.await.unwrap()),
            (None, Some(4))
        );
        assert_eq!(NUMBER.get(), Some(2));
    });
}

#[test]
fn a_background_loop_has_the_values_of_each_caller() {
    let background = Runner::background();
    NUMBER.set(1);
    assert_eq!(background.run(|| async { NUMBER.get() }), Some(1));
    NUMBER.set(2);
    let task = background.spawn(|| async {
        let inherited = NUMBER.get();
        NUMBER.set(3);
        inherited
    });
    assert_eq!(task.wait().unwrap(), Some(2));
    assert_eq!(NUMBER.get(), Some(2), "the task has a copy");
    run(async {
        NUMBER.set(4); // a task of another loop
        assert_eq!(
            background.spawn(|| async { NUMBER.get() }).await.unwrap(),
            Some(4)
        );
    });
    let task = background.spawn(|| async { spawn(async { NUMBER.get() }).await.unwrap() });
    assert_eq!(task.wait().unwrap(), Some(2), "its children inherit it");
}

#[test]
fn a_closure_that_makes_a_future_runs_in_the_context_of_its_task() {
    let background = Runner::background();
    NUMBER.set(1);
    let made = background.spawn(|| {
        let inherited = NUMBER.get();
        NUMBER.set(2);
        let maker = current_task().map(|task| task.id());
        async move {
            let same = maker == current_task().map(|task| task.id());
            (inherited, NUMBER.get(), maker.is_some() && same)
        }
    });
    assert_eq!(made.wait().unwrap(), (Some(1), Some(2), true));
    // Nothing stays behind for the next request, or in the thread of the loop.
    assert_eq!(background.run(|| async { NUMBER.get() }), Some(1));
    let bare = std::thread::spawn(move || {
        let in_make = background.spawn(|| std::future::ready(NUMBER.get()));
        (
            in_make.wait().unwrap(),
            background.run(|| async { NUMBER.get() }),
        )
    });
    assert_eq!(bare.join().unwrap(), (None, None));
}

/// The loop drains the inbox between polls, or before it closes.
#[test]
fn a_closure_that_makes_a_future_may_use_its_loop() {
    let mut runner = Runner::new();
    let handle = runner.handle();
    let task = handle.spawn(|| {
        let child = spawn(async { (NUMBER.get(), current_task().unwrap().parent()) });
        let me = current_task().unwrap().id();
        NUMBER.set(5); // after the spawn
        async move {
            let (seen, parent) = child.await.unwrap();
            (seen, parent == Some(me), NUMBER.get())
        }
    });
    assert_eq!(runner.run(task).unwrap(), (None, true, Some(5)));

    let late = handle.spawn(|| {
        NUMBER.set(6);
        async {}
    });
    runner.close();
    assert!(late.wait().unwrap_err().is_cancelled());
    assert_eq!(NUMBER.get(), None);
}

#[test]
fn a_closure_that_panics_leaves_no_values_and_no_task() {
    run(async {
        NUMBER.set(1);
        let make = || -> std::future::Ready<()> {
            NUMBER.set(2);
            std::panic::resume_unwind(Box::new("while making it"))
        };
        let task = Handle::current().spawn(make);
        let error = task.await.unwrap_err();
        assert!(error.is_panic() && error.task_id().is_some());
        assert_eq!(NUMBER.get(), Some(1));
        assert_eq!(tasks().len(), 1);
        let next = std::thread::spawn({
            let handle = Handle::current();
            move || handle.spawn(|| async { NUMBER.get() })
        });
        assert_eq!(next.join().unwrap().await.unwrap(), None);
    });
}

#[test]
fn a_task_spawned_on_a_runner_inside_another_loop_has_the_values_of_the_caller() {
    let mut other = Runner::new();
    let task = run(async {
        NUMBER.set(1);
        let task = other.spawn(async { (NUMBER.get(), current_task().unwrap().parent()) });
        NUMBER.set(2);
        task
    });
    assert_eq!(other.run(task).unwrap(), (Some(1), None));
}

/// A value that a message carries is dropped with it.
#[test]
fn a_refused_call_drops_the_values_that_it_carries() {
    static SHARED: ContextVar<std::sync::Arc<()>> = ContextVar::new("shared");
    let value = std::sync::Arc::new(());
    let closed = run(async { Handle::current() });
    let weak = std::sync::Arc::downgrade(&value);
    run(async move {
        SHARED.set(value);
        assert!(closed.spawn(|| async {}).await.unwrap_err().is_closed());
    });
    assert!(weak.upgrade().is_none());
}

#[test]
fn destructors_see_the_values_of_their_task_however_it_ends() {
    let log = Log::new();
    let tells = |name: &'static str| {
        let log = log.clone();
        OnDrop(move || log.push(format!("{name}: {:?}", NUMBER.get())))
    };
    run(async {
        NUMBER.set(0);
        let task = |id: u32, name, ends: bool| {
            let gone = tells(name);
            spawn(async move {
                NUMBER.set(id);
                let _gone = gone;
                if !ends {
                    std::future::pending::<()>().await;
                }
            })
        };
        task(1, "returned", true).await.unwrap();
        let cancelled = task(2, "cancelled", false);
        yield_now().await;
        cancelled.cancel();
        cancelled.await.unwrap_err();
        drop(task(3, "left over", false));
        yield_now().await;
    });
    assert_eq!(
        log.take(),
        [
            "returned: Some(1)",
            "cancelled: Some(2)",
            "left over: Some(3)"
        ]
    );
}

/// A value may be anything, also something that uses its own variable as it
/// goes: nothing is borrowed then.
#[test]
fn a_displaced_value_may_use_the_variable_in_its_destructor() {
    #[derive(Clone)]
    struct Asks(#[allow(dead_code, reason = "it is there to be dropped")] std::sync::Arc<Inner>);
    struct Inner(std::sync::mpsc::Sender<bool>);
    impl Drop for Inner {
        fn drop(&mut self) {
            let _ = self.0.send(ASKS.get().is_some());
        }
    }
    static ASKS: ContextVar<Asks> = ContextVar::new("asks");
    let (tell, told) = std::sync::mpsc::channel();
    run(async {
        let value = || Asks(std::sync::Arc::new(Inner(tell.clone())));
        ASKS.set(value());
        ASKS.set(value());
        assert_eq!(told.try_recv(), Ok(true), "it sees its successor");
    });
    // The task drops the last value, after the variable.
    assert!(told.try_recv().is_ok());
}

#[test]
fn a_value_is_dropped_when_the_last_task_that_has_it_ends() {
    static SHARED: ContextVar<std::sync::Arc<()>> = ContextVar::new("shared");
    let value = std::sync::Arc::new(());
    let counts = Rc::new(RefCell::new(Vec::new()));
    let held = || std::sync::Arc::strong_count(&value) - 1;
    run(async {
        SHARED.set(value.clone());
        let children = [(); 100].map(|()| spawn(async { yield_now().await }));
        counts.borrow_mut().push(held());
        for child in children {
            child.await.unwrap();
        }
        counts.borrow_mut().push(held());
    });
    counts.borrow_mut().push(held());
    assert_eq!(counts.take(), [1, 1, 0], "children share what they inherit");
}
