//! Stalls: the tasks that the error lists, and what prevents one.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use executor::{
    JoinHandle, Runner, TaskInfo, Wait, sleep, spawn_named, tasks, to_thread, try_run, yield_now,
};

#[cfg(feature = "observe")]
use crate::common::runner_that_tells_parks;
use crate::common::{Gate, joins, stalled_tasks, virtual_runner};

/// Tasks `a` and `b`, each of which awaits the other's handle.
fn embrace() {
    let handles: [Rc<RefCell<Option<JoinHandle<()>>>>; 2] = Default::default();
    for (n, name) in ["a", "b"].into_iter().enumerate() {
        let other = Rc::clone(&handles[1 - n]);
        let task = spawn_named(name, async move {
            let other = other
                .take()
                .expect("both are spawned before the first poll");
            let _ = other.await;
        });
        *handles[n].borrow_mut() = Some(task);
    }
}

#[test]
fn c272_a_listing_shows_two_tasks_that_wait_for_each_other() {
    virtual_runner().run(async {
        embrace();
        sleep(Duration::from_secs(1)).await;
        let list = tasks();
        assert_eq!(joins(&list, "a"), ["b"]);
        assert_eq!(joins(&list, "b"), ["a"]);
        let lines: Vec<_> = list[1..].iter().map(TaskInfo::to_string).collect();
        assert!(
            lines[0].starts_with("task 2 \"a\" (spawned at "),
            "{lines:?}"
        );
        assert!(
            lines[0].ends_with("): waits for join task 3 \"b\""),
            "{lines:?}"
        );
        assert!(
            lines[1].ends_with("): waits for join task 2 \"a\""),
            "{lines:?}"
        );
    });
}

#[test]
fn c272_a_run_that_waits_for_such_a_pair_fails_and_shows_the_cycle() {
    let program = || async {
        embrace();
        pending::<()>().await;
    };
    for result in [virtual_runner().try_run(program()), try_run(program())] {
        let list = stalled_tasks(result);
        assert_eq!(list.len(), 3);
        assert_eq!(joins(&list, "a"), ["b"]);
        assert_eq!(joins(&list, "b"), ["a"]);
    }
}

#[test]
fn c272_a_task_that_awaits_itself_is_a_stall_too() {
    let result = try_run(async {
        let handle: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
        let own = Rc::clone(&handle);
        *handle.borrow_mut() = Some(spawn_named("narcissus", async move {
            let own = own.take().expect("it is put there before the first poll");
            let _ = own.await;
        }));
        pending::<()>().await;
    });
    assert_eq!(joins(&stalled_tasks(result), "narcissus"), ["narcissus"]);
}

#[test]
fn c274_nothing_can_ever_happen_gives_an_error_with_every_task() {
    let result = try_run(async {
        let lost = spawn_named("lost", pending::<()>());
        drop(spawn_named("done", async {}).await);
        let gate = Gate::new();
        drop(spawn_named("left alone", gate.clone().wait()));
        yield_now().await;
        gate.forget_wakers();
        let _ = lost.await;
    });
    let text = result.as_ref().unwrap_err().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[0],
        "the loop has stalled: nothing is ready, and no timer, thread job or waker is left that \
         could change that"
    );
    let expected = [
        ("  task 1 (spawned at ", "): waits for join task 2 \"lost\""),
        (
            "  task 2 \"lost\" (spawned at ",
            "): waits, and nothing can ever wake it",
        ),
        (
            "  task 4 \"left alone\" (spawned at ",
            "): waits, and nothing can ever wake it",
        ),
    ];
    assert_eq!(lines.len(), 1 + expected.len(), "{text}");
    for (line, (start, end)) in lines[1..].iter().zip(expected) {
        assert!(line.starts_with(start) && line.ends_with(end), "{line}");
        assert!(line.contains(file!()), "{line}");
    }
    assert_eq!(stalled_tasks(result).len(), 3);
}

#[cfg(feature = "observe")]
#[test]
fn c274_one_waker_on_another_thread_and_there_is_no_report() {
    let (mut runner, parks) = runner_that_tells_parks(Runner::builder());
    let result = runner.try_run(async {
        let (give, waker) = mpsc::channel();
        // The wake comes only after the loop has nothing left to do.
        let thread = thread::spawn(move || {
            let waker: Waker = waker.recv().expect("the task sends it");
            parks.recv().expect("the loop parks");
            waker.wake();
        });
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(());
            }
            give.send(cx.waker().clone()).expect("the thread listens");
            Poll::Pending
        })
        .await;
        thread.join().unwrap();
        "woken"
    });
    assert_eq!(result.unwrap(), "woken");
}

#[cfg(feature = "observe")]
#[test]
fn c274_a_thread_job_and_there_is_no_report() {
    let (mut runner, parks) = runner_that_tells_parks(Runner::builder().virtual_time());
    let job = to_thread(move || parks.recv().is_ok());
    assert!(runner.run(job));
}

thread_local! {
    /// The task that main awaits, for code that a `Handle` sends.
    static AWAITED: RefCell<Option<JoinHandle<()>>> = const { RefCell::new(None) };
}

#[cfg(feature = "observe")]
#[test]
fn c274_a_handle_on_another_thread_and_there_is_no_report() {
    let (mut runner, parks) = runner_that_tells_parks(Runner::builder());
    let handle = runner.handle();
    AWAITED.set(Some(runner.spawn(pending())));
    let canceller = thread::spawn(move || {
        parks.recv().expect("the loop parks");
        let cancel = |awaited: &RefCell<Option<JoinHandle<()>>>| {
            awaited.borrow().as_ref().is_some_and(JoinHandle::cancel)
        };
        handle
            .spawn(move || async move { AWAITED.with(cancel) })
            .wait()
    });
    // No waker is left anywhere: only the handle keeps the loop waiting.
    let ended = runner.try_run(poll_fn(|cx| {
        AWAITED.with_borrow_mut(|task| Pin::new(task.as_mut().expect("it is there")).poll(cx))
    }));
    assert!(ended.expect("no stall").unwrap_err().is_cancelled());
    let called = canceller.join().unwrap();
    assert!(called.is_ok_and(|cancelled| cancelled));
}

/// With virtual time a stall is reported although a waker is left, after this
/// much real time. The limit is short, so the test does not wait.
#[test]
fn c274_in_virtual_time_patience_with_other_threads_ends() {
    let mut runner = Runner::builder()
        .virtual_time()
        .stall_timeout(Duration::from_millis(1))
        .build();
    let gate = Gate::new();
    let waits = gate.clone().wait();
    let list = stalled_tasks(runner.try_run(waits));
    assert_eq!(list[0].waits_for(), [Wait::Waker]);
}

#[test]
fn c274_a_stall_that_is_not_certain_says_so() {
    let mut runner = Runner::builder()
        .virtual_time()
        .stall_timeout(Duration::from_millis(1))
        .build();
    let gate = Gate::new();
    let text = |error: executor::RunError| error.to_string();
    let with_waker = text(runner.try_run(gate.clone().wait()).unwrap_err());
    let head = "the loop has stalled: nothing is ready, no timer or thread job is left, and the \
                wakers and handles that other code holds have woken no task in time \
                (`Runner::builder().stall_timeout(..)`)";
    let lines: Vec<_> = with_waker.lines().collect();
    assert_eq!(lines[0], head);
    let wait = "): waits for a wake through a clone of its waker";
    assert!(lines[1].ends_with(wait), "{with_waker}");
    let handle = runner.handle();
    let with_handle = runner.try_run(pending::<()>()).unwrap_err();
    assert!(matches!(
        with_handle,
        executor::RunError::Stalled {
            is_certain: false,
            ..
        }
    ));
    assert_eq!(text(with_handle).lines().next(), Some(head));
    drop(handle);
    let certain = runner.try_run(pending::<()>()).unwrap_err();
    assert!(matches!(
        certain,
        executor::RunError::Stalled {
            is_certain: true,
            ..
        }
    ));
}
