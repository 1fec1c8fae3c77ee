//! From `executor/tests/it/event_loop/wakers.rs`, as they are there.

use super::common::Count;
use super::common::Gate;
use super::common::Log;
use super::common::OnDrop;
use super::common::counted;
use super::common::poll_once;
use super::common::sized;
use super::common::virtual_runner;
#[cfg(feature = "observe")]
use super::common::{count, polls_of, recorded_virtual_runner, wakes_of};
use crate::mini as executor;
use executor::JoinHandle;
use executor::RunError;
use executor::Runner;
#[cfg(feature = "observe")]
use executor::instrument::{Ending, Event, WakeOutcome};
use executor::now;
use executor::run;
use executor::sleep;
use executor::spawn;
use executor::to_thread;
use executor::try_run;
use executor::yield_now;
use std::cell::Cell;
use std::cell::RefCell;
use std::future::pending;
use std::future::poll_fn;
use std::pin::Pin;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::Wake;
use std::task::Waker;
use std::thread;
use std::time::Duration;

/// The waker of the task that asks.
async fn my_waker() -> Waker {
    poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
}

/// Spawns a task that waits at a gate, and lets its first poll pass.
async fn task_at_gate() -> (JoinHandle<()>, Gate) {
    let gate = Gate::new();
    let task = spawn(gate.clone().wait());
    yield_now().await;
    (task, gate)
}

#[test]
fn c059_a_waker_that_outlives_its_loop_does_nothing_on_any_thread() {
    let wakers = run(async {
        let (_task, gate) = task_at_gate().await;
        [my_waker().await, gate.last_waker()]
    });
    for waker in wakers {
        waker.wake_by_ref();
        let clone = waker.clone();
        assert!(clone.will_wake(&waker));
        let elsewhere = thread::spawn(move || {
            clone.wake_by_ref();
            drop(clone.clone());
            clone.wake();
        });
        elsewhere.join().unwrap();
        run(async { waker.wake_by_ref() });
        drop(waker);
    }
}

#[test]
fn c059_a_waker_outlives_the_thread_of_its_loop() {
    let waker = thread::spawn(|| run(my_waker())).join().unwrap();
    waker.wake_by_ref();
    drop(waker.clone());
    waker.wake();
}

// ---- cancelled during the poll --------------------------------------------

/// The handle of a task, for the task itself.
type OwnHandle<T> = Rc<RefCell<Option<JoinHandle<T>>>>;

/// Spawns what `make` makes of the handle-to-be.
fn spawn_with_own_handle<F: Future + 'static>(
    make: impl FnOnce(OwnHandle<F::Output>) -> F,
) -> OwnHandle<F::Output> {
    let handle = OwnHandle::default();
    *handle.borrow_mut() = Some(spawn(make(Rc::clone(&handle))));
    handle
}

fn cancel<T>(handle: &OwnHandle<T>) -> bool {
    handle.borrow().as_ref().expect("it is there").cancel()
}

fn take<T>(handle: &OwnHandle<T>) -> JoinHandle<T> {
    handle.take().expect("it is there")
}

#[test]
fn c055_cancelled_and_woken_during_its_own_poll_a_task_is_dropped_after_it() {
    for wake_first in [true, false] {
        let (log, polls) = (Log::new(), Count::default());
        virtual_runner().run(async {
            let task = spawn_with_own_handle(|me| {
                let (log, polls) = (log.clone(), polls.clone());
                async move {
                    let _guard = OnDrop(|| log.push("dropped"));
                    poll_fn(|cx| {
                        polls.add();
                        if wake_first {
                            cx.waker().wake_by_ref();
                        }
                        assert!(cancel(&me));
                        if !wake_first {
                            cx.waker().wake_by_ref();
                        }
                        log.push("end of the poll");
                        Poll::<()>::Pending
                    })
                    .await;
                }
            });
            yield_now().await;
            assert!(take(&task).await.unwrap_err().is_cancelled());
        });
        assert_eq!(polls.get(), 1, "wake first: {wake_first}");
        assert_eq!(log.take(), ["end of the poll", "dropped"]);
    }
}

#[test]
fn c056_a_task_that_is_cancelled_and_returns_in_the_same_poll_keeps_its_output() {
    virtual_runner().run(async {
        let task = spawn_with_own_handle(|me| async move {
            assert!(cancel(&me));
            "output"
        });
        yield_now().await;
        let task = take(&task);
        assert!(task.is_finished());
        assert!(!task.cancel());
        assert_eq!(task.await.unwrap(), "output");
    });
}

// ---- leaves that move -----------------------------------------------------

/// Polls `leaf` once in the main task and gives it to a task of its own, then
/// waits for a long time. Only the second task may be woken by the leaf.
#[cfg(feature = "observe")]
fn moves_to_another_task<F>(make: impl FnOnce(&Gate) -> F)
where
    F: Future + Unpin + 'static,
{
    let (mut runner, recorder) = recorded_virtual_runner();
    let (a, b) = runner.run(async {
        let gate = Gate::new();
        let mut leaf = make(&gate);
        yield_now().await;
        assert!(poll_once(&mut leaf).await.is_pending());
        let b = spawn(leaf);
        yield_now().await;
        recorder.take();
        sleep(Duration::from_secs(1)).await;
        gate.open();
        sleep(Duration::from_secs(3600)).await;
        assert!(b.is_finished());
        (current_task().unwrap().id(), b.id())
    });
    let events = recorder.take();
    assert_eq!(wakes_of(&events, b), [WakeOutcome::Queued]);
    assert_eq!(
        wakes_of(&events, a),
        [WakeOutcome::Queued; 2],
        "by its own two sleeps"
    );
}

#[test]
fn c062_a_thread_job_that_moved_wakes_only_the_task_that_polled_it_last() {
    run(async {
        let polls = Count::default();
        let (send, receive) = std::sync::mpsc::channel::<()>();
        let mut job = Box::pin(to_thread(move || receive.recv().is_ok()));
        let waiting = spawn(counted(&polls, async move {
            assert!(poll_once(&mut job).await.is_pending());
            let b = spawn(job);
            yield_now().await;
            send.send(()).expect("the job waits");
            // `b` stays where it is: this task waits for something else.
            let gate = Gate::new();
            let opener = gate.clone();
            drop(spawn(async move {
                assert!(b.await.unwrap());
                opener.open();
            }));
            gate.wait().await;
        }));
        waiting.await.unwrap();
        assert_eq!(polls.get(), 3, "start, yield, gate");
    });
}

#[track_caller]
fn assert_two_are_reported(reports: &[String], line: u32) {
    let end = "can never be woken: its future returned Pending and kept no waker. A future must \
               store `cx.waker().clone()` and wake it, or poll one that does";
    assert_eq!(reports.len(), 2, "{reports:#?}");
    for (report, (task, line)) in reports.iter().zip([("2 \"lost\"", line), ("3", line + 1)]) {
        let start = format!("task {task} (spawned at {}:{line}:", file!());
        assert!(
            report.starts_with(&start),
            "{start} does not begin {report}"
        );
        assert!(report.ends_with(end), "{report}");
    }
}

/// The number that the child printed after the word "line".
fn line_of(child: &std::process::Output) -> u32 {
    let stdout = String::from_utf8_lossy(&child.stdout);
    let (_, number) = stdout.split_once("line ").expect("the child says it");
    number.split_whitespace().next().unwrap().parse().unwrap()
}

// ---- listings -------------------------------------------------------------

/// A program in which every kind of wait occurs, with a listing in the middle
/// or without.
#[cfg(feature = "observe")]
fn trace_of(listing: bool) -> Vec<(Duration, Event)> {
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        let gate = Gate::new();
        let waiting = spawn(gate.clone().wait());
        let napping = spawn(sleep(Duration::from_secs(1)));
        let joining = spawn(napping);
        let spinning = spawn(async {
            for _ in 0..5 {
                yield_now().await;
            }
        });
        yield_now().await;
        if listing {
            let states: Vec<_> = tasks().iter().map(TaskInfo::state).collect();
            let [w, r] = [TaskState::Waiting, TaskState::Ready];
            assert_eq!(states, [TaskState::Running, w, w, w, r]);
            let _texts: Vec<_> = tasks().iter().map(TaskInfo::to_string).collect();
        }
        gate.open();
        if listing {
            drop(tasks());
        }
        waiting.await.unwrap();
        joining.await.unwrap().unwrap();
        spinning.await.unwrap();
    });
    recorder.take()
}

// ---- foreign code ---------------------------------------------------------

thread_local! {
    /// How often a `Meddler` did its work.
    static MEDDLED: Cell<u32> = const { Cell::new(0) };
}

/// A waker that uses the loop whenever it is woken or dropped.
struct Meddler;

/// How often the loop was used by wakers during `program`.
fn meddled(program: impl Future<Output = ()>) -> u32 {
    MEDDLED.set(0);
    virtual_runner().run(program);
    MEDDLED.get()
}
