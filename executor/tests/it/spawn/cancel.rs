//! Cancelling: when a task is dropped, what its handle says, in which order
//! destructors run and what they may do; and how a loop ends while other threads
//! still use it.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

#[cfg(feature = "observe")]
use executor::instrument::{Ending, Event};
use executor::{
    ContextVar, Handle, JoinHandle, Runner, TaskState, current_task, now, run, sleep, spawn,
    spawn_named, tasks, try_run, yield_now,
};
use futures::channel::oneshot;

use crate::common::{Count, Gate, Log, OnDrop, sized, virtual_runner};
#[cfg(feature = "observe")]
use crate::common::{count, polls_of, recorded_virtual_runner};

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

// ---- when -----------------------------------------------------------------

#[cfg(feature = "observe")]
#[test]
fn c070_cancelled_before_its_first_poll_a_body_never_runs() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let log = Log::new();
    let task = runner.run(async {
        let (body, captured) = (log.clone(), says(&log, "captured value"));
        let task = spawn(async move {
            let _captured = captured;
            body.push("body");
        });
        assert!(task.cancel());
        assert!(!task.is_finished());
        assert!(
            log.take().is_empty(),
            "dropped in its turn, not in the call"
        );
        let id = task.id();
        let error = task.await.unwrap_err();
        assert!(error.is_cancelled() && !error.is_panic() && !error.is_closed());
        assert_eq!(error.task_id(), Some(id));
        id
    });
    assert_eq!(log.take(), ["captured value"]);
    assert_eq!(polls_of(&recorder.take(), task), 0);
}

#[cfg(feature = "observe")]
#[test]
fn c071_a_parked_task_is_dropped_within_one_turn_though_its_handle_is_gone() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let log = Log::new();
    runner.run(async {
        let task = parked(&log, "dropped");
        yield_now().await;
        recorder.take();
        assert!(task.cancel());
        drop(task);
        yield_now().await;
        assert_eq!(log.take(), ["dropped"]);
        let events = recorder.take();
        assert_eq!(
            count(&events, |event| matches!(event, Event::Turn { .. })),
            1
        );
        assert_eq!(tasks().len(), 1, "nothing is left of it");
    });
}

#[cfg(feature = "observe")]
#[test]
fn c071_a_cancelled_sleeper_takes_its_timer_with_it() {
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        let start = now();
        let task = spawn(sleep(Duration::from_secs(3600)));
        yield_now().await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(now(), start);
    });
    let events = recorder.take();
    assert_eq!(
        count(&events, |event| matches!(event, Event::TimerCancel { .. })),
        1
    );
    assert_eq!(
        count(&events, |event| matches!(event, Event::TimerFire { .. })),
        0
    );
}

#[cfg(feature = "observe")]
#[test]
fn a_cancel_is_recorded_at_the_request_and_at_the_end() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let task = runner.run(async {
        let task = spawn(pending::<()>());
        yield_now().await;
        task.cancel();
        task.cancel();
        let id = task.id();
        task.await.unwrap_err();
        id
    });
    let events = recorder.take();
    let task = task.into();
    let position = |wanted: &Event| {
        assert_eq!(count(&events, |event| event == wanted), 1, "{wanted:?}");
        events.iter().position(|(_, event)| event == wanted)
    };
    let (asked, how) = (Event::TaskCancel { task }, Ending::Cancelled);
    assert!(
        position(&asked)
            < position(&Event::TaskEnd {
                task,
                how,
                text: None
            })
    );
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

/// Spawns a task that cancels itself and then does the rest, and gives its
/// handle after its first poll.
async fn cancels_itself<T: 'static>(rest: impl Future<Output = T> + 'static) -> JoinHandle<T> {
    let (give, take) = oneshot::channel::<JoinHandle<T>>();
    let (back, own) = oneshot::channel();
    let task = spawn(async move {
        let own = take.await.expect("it is sent");
        assert!(own.cancel());
        assert!(!own.is_finished());
        let _ = back.send(own);
        rest.await
    });
    let _ = give.send(task);
    own.await.expect("it comes back")
}

#[test]
fn c074_a_task_that_cancels_itself_is_dropped_at_its_next_await() {
    let log = Log::new();
    virtual_runner().run(async {
        let (body, guard) = (log.clone(), says(&log, "dropped"));
        let task = cancels_itself(async move {
            let _guard = guard;
            // Ready at once: this is no place to stop.
            std::future::ready(()).await;
            body.push("runs to the end of the poll");
            yield_now().await;
            body.push("never");
        });
        assert!(task.await.await.unwrap_err().is_cancelled());
    });
    assert_eq!(log.take(), ["runs to the end of the poll", "dropped"]);
}

/// asyncio reports "cancelled" in this case; in this runtime a completed output
/// wins.
#[test]
fn c074_a_task_that_cancels_itself_and_returns_in_that_poll_keeps_its_output() {
    virtual_runner().run(async {
        let task = cancels_itself(async { "output" }).await;
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
fn c077_a_value_on_its_way_to_a_cancelled_task_is_dropped_once() {
    let dropped = Count::default();
    let value = || {
        let count = dropped.clone();
        OnDrop(move || count.add())
    };
    virtual_runner().run(async {
        // From a channel.
        let (send, receive) = oneshot::channel();
        let task = spawn(async { assert!(receive.await.is_err(), "delivered") });
        yield_now().await;
        assert!(send.send(value()).is_ok());
        task.cancel();
        assert_eq!(dropped.get(), 0);
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(dropped.get(), 1);

        // From another task.
        let value = value();
        let gate = Gate::new();
        let wait = gate.clone().wait();
        let giver = spawn(async {
            wait.await;
            value
        });
        let taker = spawn(async { assert!(giver.await.is_err(), "delivered") });
        yield_now().await;
        gate.open();
        // The giver returns in the next turn and wakes the taker behind main.
        yield_now().await;
        let ready = tasks()
            .pop()
            .expect("the giver has ended, the taker has not");
        assert_eq!(ready.state(), TaskState::Ready);
        taker.cancel();
        assert!(taker.await.unwrap_err().is_cancelled());
        assert_eq!(dropped.get(), 2);
        assert_eq!(tasks().len(), 1);
    });
}

// ---- what destructors may do ----------------------------------------------

#[test]
fn c079_a_destructor_sees_the_context_variables_of_its_task() {
    static USER: ContextVar<&str> = ContextVar::new("user");
    let log = Log::new();
    let reads = |log: &Log| {
        let log = log.clone();
        OnDrop(move || log.push(USER.get().unwrap_or("no user")))
    };
    virtual_runner().run(async {
        USER.set("main");
        let guard = reads(&log);
        let cancelled = spawn(async move {
            let _guard = guard;
            USER.set("cancelled");
            pending::<()>().await;
        });
        let guard = reads(&log);
        let completed = spawn(async move {
            let _guard = guard;
            USER.set("completed");
        });
        let guard = reads(&log);
        let never_polled = spawn(async move { drop(guard) });
        never_polled.cancel();
        let guard = reads(&log);
        let unread = spawn(async move {
            USER.set("unread");
            guard
        });
        let guard = reads(&log);
        drop(spawn(async move {
            let _guard = guard;
            USER.set("at the end");
            pending::<()>().await;
        }));
        yield_now().await;
        assert_eq!(log.take(), ["completed", "main"]);
        cancelled.cancel();
        yield_now().await;
        assert_eq!(log.take(), ["cancelled"]);
        drop(unread);
        assert_eq!(log.take(), ["unread"]);
        drop((completed, never_polled));
    });
    assert_eq!(log.take(), ["at the end"]);
}

#[test]
fn c080_a_destructor_finds_the_loop_and_a_spawn_in_it_is_refused() {
    let log = Log::new();
    let (give, refused) = std::sync::mpsc::channel();
    run(async {
        let log = log.clone();
        drop(spawn_named("left over", async move {
            let _guard = OnDrop(|| {
                log.push(current_task().map_or("no task".into(), |me| me.name()));
                let _now = now();
                let _handle = Handle::current();
                drop(sleep(Duration::from_secs(1)));
                assert!(
                    try_run(async {}).is_err(),
                    "the loop is still this thread's"
                );
                let (body, captured) = (log.clone(), says(&log, "the refused future is dropped"));
                let task = spawn(async move {
                    let _captured = captured;
                    body.push("body");
                });
                log.push(format_args!("finished: {}", task.is_finished()));
                give.send(task).expect("the test listens");
            });
            pending::<()>().await;
        }));
        yield_now().await;
    });
    let expected = [
        "left over",
        "the refused future is dropped",
        "finished: true",
    ];
    assert_eq!(log.take(), expected);
    let task = refused.recv().expect("the destructor came to its end");
    assert!(!task.cancel());
    assert!(run(task).unwrap_err().is_cancelled());
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

// ---- order ----------------------------------------------------------------

#[test]
fn c082_locals_are_dropped_before_the_handle_resolves() {
    let log = Log::new();
    virtual_runner().run(async {
        let mine = log.clone();
        let task = spawn(async move {
            let _first = says(&mine, "first local");
            let _second = says(&mine, "second local");
            let inner = async {
                let _inner = says(&mine, "local of an awaited future");
                sleep(Duration::from_secs(3600)).await;
            };
            inner.await;
        });
        yield_now().await;
        task.cancel();
        task.await.unwrap_err();
        log.push("the handle resolves");
    });
    let locals = ["local of an awaited future", "second local", "first local"];
    let log = log.take();
    assert_eq!(log[..3], locals);
    assert_eq!(log[3..], ["the handle resolves"]);
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

#[test]
fn closing_a_runner_drops_tasks_in_reverse_order_too() {
    let log = Log::new();
    let mut runner = virtual_runner();
    runner.run(async { drop(["first", "second"].map(|what| parked(&log, what))) });
    runner.run(async { drop(parked(&log, "third")) });
    runner.close();
    assert_eq!(log.take(), ["third", "second", "first"]);
}

// ---- others still talk to it ----------------------------------------------

#[test]
fn c086_oneshots_are_completed_by_another_thread_while_the_loop_ends() {
    const MANY: usize = sized(10_000, 10);
    for _ in 0..5 {
        let dropped = Count::default();
        let mut runner = Runner::new();
        let senders: Vec<_> = (0..MANY)
            .map(|_| {
                let (send, receive) = oneshot::channel::<()>();
                let count = dropped.clone();
                drop(runner.spawn(async move {
                    let _guard = OnDrop(|| count.add());
                    let _ = receive.await;
                    pending::<()>().await;
                }));
                send
            })
            .collect();
        runner.run(yield_now());
        let (start, started) = std::sync::mpsc::channel();
        let completing = thread::spawn(move || {
            start.send(()).expect("the test waits");
            for send in senders {
                let _ = send.send(());
            }
        });
        started.recv().expect("the thread runs");
        drop(runner);
        assert_eq!(dropped.get(), MANY as u32, "each future was dropped, once");
        completing.join().unwrap();
    }
}

#[test]
fn c086_another_thread_spawns_while_the_loop_ends_and_each_call_is_answered() {
    const MANY: usize = sized(2000, 20);
    for _ in 0..5 {
        let alive = Arc::new(AtomicU32::new(0));
        let mut runner = Runner::new();
        let handle = runner.handle();
        let counter = Arc::clone(&alive);
        let (start, started) = std::sync::mpsc::channel();
        let spawning = thread::spawn(move || {
            let spawn = |n: usize| {
                if n == MANY / 10 {
                    start.send(()).expect("the test waits");
                }
                let counter = Arc::clone(&counter);
                handle.spawn(move || async move {
                    counter.fetch_add(1, Ordering::Relaxed);
                    let _guard = OnDrop(|| {
                        counter.fetch_sub(1, Ordering::Relaxed);
                    });
                    yield_now().await;
                })
            };
            let calls: Vec<_> = (0..MANY).map(spawn).collect();
            for call in calls {
                let end = call.wait();
                assert!(end.as_ref().err().is_none_or(|error| error.is_cancelled()));
            }
        });
        started.recv().expect("the thread runs");
        runner.run(yield_now());
        drop(runner);
        spawning.join().unwrap();
        assert_eq!(alive.load(Ordering::Relaxed), 0, "no future is left");
    }
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
