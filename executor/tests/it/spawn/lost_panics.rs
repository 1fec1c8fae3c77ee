//! Panics of a task that come when it is cancelled, made or dropped: the handle
//! says so, a panic that no handle receives is reported, and `OnPanic::Stop`
//! sees each.

use std::any::Any;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

#[cfg(feature = "scope")]
use executor::scope;
use executor::{
    ContextVar, Handle, JoinHandle, OnPanic, RemoteHandle, Runner, race, run, sleep, spawn, tasks,
    timeout, yield_now,
};

use crate::common::{Log, OnDrop, in_own_process, must_end, poll_once, reports, virtual_runner};

const MS: Duration = Duration::from_millis(1);

/// Panics with this value when it is dropped.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        resume_unwind(Box::new(self.0)); // without the text of the panic hook
    }
}

/// A future that holds a bomb until it is dropped.
async fn holds(bomb: Bomb) {
    let _bomb = bomb;
    pending::<()>().await;
}

fn stopping_runner() -> Runner {
    let builder = Runner::builder().virtual_time();
    builder.on_panic(OnPanic::Stop).build()
}

#[track_caller]
fn number(payload: Box<dyn Any + Send>) -> u32 {
    *payload.downcast::<u32>().expect("the payload of the bomb")
}

/// Runs a future that must not return, and gives the payload that stopped the
/// run.
#[track_caller]
fn stopped<T>(runner: &mut Runner, main: impl Future<Output = T>) -> u32 {
    let run = AssertUnwindSafe(|| runner.run(main));
    match catch_unwind(run) {
        Ok(_) => panic!("the run was not stopped"),
        Err(payload) => number(payload),
    }
}

// ---- the handle -----------------------------------------------------------

#[test]
fn a_destructor_that_panics_at_a_cancel_makes_the_handle_say_so() {
    virtual_runner().run(async {
        let task = spawn(holds(Bomb(1)));
        yield_now().await;
        assert!(task.cancel());
        let error = task.await.unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled(), "{error}");
        assert_eq!(number(error.into_panic()), 1);

        // Before its first poll, where the bomb is a captured value.
        let task = spawn(holds(Bomb(2)));
        assert!(task.cancel());
        assert_eq!(number(task.await.unwrap_err().into_panic()), 2);

        // The text has the name, the line and the message.
        let loud = executor::spawn_named("loud", async {
            let _bomb = OnDrop(|| resume_unwind(Box::new("boom")));
            pending::<()>().await;
        });
        yield_now().await;
        loud.cancel();
        let text = loud.await.unwrap_err().to_string();
        assert!(
            text.contains("\"loud\"") && text.ends_with("panicked: boom"),
            "{text}"
        );
    });
}

#[test]
fn every_way_to_cancel_keeps_the_panic_of_a_destructor() {
    virtual_runner().run(async {
        let task = spawn(holds(Bomb(1)));
        yield_now().await;
        let error = task.cancel_within(MS).await.unwrap_err();
        assert_eq!(number(error.into_panic()), 1);

        let mut guard = spawn(holds(Bomb(2))).cancel_on_drop();
        yield_now().await;
        guard.handle().cancel();
        assert_eq!(number((&mut guard).await.unwrap_err().into_panic()), 2);
        drop(guard);

        let task = Handle::current().spawn(|| holds(Bomb(3)));
        yield_now().await;
        yield_now().await;
        assert!(task.cancel());
        assert_eq!(number(task.await.unwrap_err().into_panic()), 3);

        // A request that arrives before the task.
        let task = Handle::current().spawn(|| holds(Bomb(4)));
        assert!(task.cancel());
        assert_eq!(number(task.await.unwrap_err().into_panic()), 4);
        assert_eq!(tasks().len(), 1);
    });
}

#[test]
fn the_end_of_the_loop_keeps_the_panic_of_a_destructor() {
    let (task, remote) = run(async {
        let task = spawn(holds(Bomb(1)));
        let remote = Handle::current().spawn(|| holds(Bomb(2)));
        yield_now().await;
        yield_now().await;
        (task, remote)
    });
    assert_eq!(number(run(task).unwrap_err().into_panic()), 1);
    assert_eq!(number(remote.wait().unwrap_err().into_panic()), 2);
    let mut runner = Runner::new();
    let task = runner.spawn(holds(Bomb(3)));
    runner.close();
    assert_eq!(number(run(task).unwrap_err().into_panic()), 3);
}

/// A spawn that a closing loop refuses drops its future at once.
#[test]
fn a_refused_spawn_keeps_the_panic_of_a_destructor() {
    let (send, receive) = std::sync::mpsc::channel();
    let keep = std::rc::Rc::new(std::cell::RefCell::new(None));
    let kept = keep.clone();
    run(async move {
        drop(spawn(async move {
            let _spawns = OnDrop(|| {
                kept.replace(Some(spawn(holds(Bomb(1)))));
                send.send(()).unwrap();
            });
            pending::<()>().await;
        }));
        yield_now().await;
    });
    receive.recv().unwrap();
    let task: JoinHandle<()> = keep.take().unwrap();
    assert_eq!(number(run(task).unwrap_err().into_panic()), 1);
}

/// The first panic is the one that counts.
#[test]
fn a_panic_of_the_poll_wins_over_that_of_a_destructor() {
    virtual_runner().run(async {
        let bomb = Bomb(1);
        let task = spawn(poll_fn(move |_| -> Poll<()> {
            let _kept = &bomb;
            resume_unwind(Box::new(2_u32))
        }));
        assert_eq!(number(task.await.unwrap_err().into_panic()), 2);
    });
}

/// A value that was returned is kept: the panic came after it.
#[test]
fn a_destructor_that_panics_after_the_return_keeps_the_value() {
    virtual_runner().run(async {
        let bomb = Bomb(1);
        let task = spawn(poll_fn(move |_| {
            let _kept = &bomb;
            Poll::Ready(7)
        }));
        assert_eq!(task.await.unwrap(), 7);
    });
}

#[cfg(feature = "observe")]
#[test]
fn a_trace_says_that_a_cancelled_task_panicked() {
    use executor::instrument::{Ending, Event};
    let (mut runner, recorder) = crate::common::recorded_virtual_runner();
    runner.run(async {
        let task = spawn(holds(Bomb(1)));
        yield_now().await;
        task.cancel();
        task.await.unwrap_err();
    });
    let events = recorder.take();
    let panics = |event: &Event| {
        let how = Ending::Panicked;
        matches!(event, Event::TaskEnd { how: ending, .. } if *ending == how)
    };
    assert_eq!(crate::common::count(&events, panics), 1, "{events:?}");
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn a_panic_in_the_destructor_of_a_detached_task_is_reported_once() {
    let test = "spawn::lost_panics::a_panic_in_the_destructor_of_a_detached_task_is_reported_once";
    let Some(child) = in_own_process(test, &[]) else {
        let fuse = |text: &'static str| async move {
            let _bomb = OnDrop(move || resume_unwind(Box::new(text)));
            pending::<()>().await;
        };
        run(async move {
            let task = spawn(fuse("the handle is dropped"));
            yield_now().await;
            task.cancel();
            drop(task);
            yield_now().await;
            let read = spawn(fuse("it is read"));
            yield_now().await;
            read.cancel();
            drop(read.await);
            let unread = spawn(fuse("it is not read"));
            yield_now().await;
            unread.cancel();
            yield_now().await;
            drop(unread);
            drop(spawn(fuse("the loop ends")));
            yield_now().await;
        });
        return;
    };
    let reports = reports(&child);
    assert_eq!(reports.len(), 3, "{reports:?}");
    let texts = ["the handle is dropped", "it is not read", "the loop ends"];
    for (report, text) in reports.iter().zip(texts) {
        assert!(report.contains(text), "{text} is not in {reports:?}");
        assert!(report.contains("lost_panics.rs"), "{report}");
    }
}

// ---- the policy Stop ------------------------------------------------------

#[test]
fn with_stop_the_handle_of_a_panicked_task_says_that_it_panicked() {
    for text in [true, false] {
        let mut runner = stopping_runner();
        let task = runner.spawn(async move {
            match text {
                true => panic_any("a text"),
                false => panic_any(String::from("a text")),
            }
        });
        let stop = catch_unwind(AssertUnwindSafe(|| runner.run(pending::<()>()))).unwrap_err();
        assert!(stop.is::<&str>() == text);
        let error: executor::JoinError = Result::<(), _>::unwrap_err(run(task));
        assert!(error.is_panic() && !error.is_cancelled());
        assert!(error.to_string().ends_with("panicked: a text"), "{error}");
        let payload = error.into_panic();
        let copy = payload.downcast_ref::<&str>().copied();
        let copy = copy.or(payload.downcast_ref::<String>().map(String::as_str));
        assert_eq!(copy, Some("a text"));
    }
    // A remote handle, too.
    let mut runner = stopping_runner();
    let task: RemoteHandle<()> = runner.handle().spawn(|| async { panic_any(7_u32) });
    assert_eq!(stopped(&mut runner, pending::<()>()), 7);
    assert!(task.wait().unwrap_err().is_panic());
}

#[test]
fn with_stop_a_panic_of_a_closure_that_makes_a_future_stops_the_run() {
    let mut runner = stopping_runner();
    let task = runner
        .handle()
        .spawn(|| -> std::future::Ready<()> { resume_unwind(Box::new(7_u32)) });
    assert_eq!(stopped(&mut runner, pending::<()>()), 7);
    let error = task.wait().unwrap_err();
    assert!(error.is_panic() && error.task_id().is_some(), "{error}");
    assert_eq!(runner.run(ready(1)), 1, "it can run again");
}

#[test]
fn with_stop_a_panic_of_the_destructor_of_a_cancelled_task_stops_the_run() {
    for detached in [true, false] {
        let mut runner = stopping_runner();
        let mut kept = None;
        let code = stopped(&mut runner, async {
            let task = spawn(holds(Bomb(7)));
            yield_now().await;
            task.cancel();
            kept = (!detached).then_some(task);
            pending::<()>().await;
        });
        assert_eq!(code, 7);
        if let Some(task) = kept {
            assert!(run(task).unwrap_err().is_panic());
        }
    }
}

#[test]
fn with_stop_a_panic_of_the_destructor_of_an_output_stops_the_run() {
    // Of a detached task.
    let code = stopped(&mut stopping_runner(), async {
        drop(spawn(async { Bomb(1) }));
        pending::<()>().await;
    });
    assert_eq!(code, 1);
    // Of a handle that is dropped, and the dropper is not hurt.
    let log = Log::new();
    let code = stopped(&mut stopping_runner(), async {
        let task = spawn(async { Bomb(2) });
        while !task.is_finished() {
            yield_now().await;
        }
        drop(task);
        log.push("dropped");
        yield_now().await;
        log.push("too late");
        pending::<()>().await;
    });
    assert_eq!((code, log.take()), (2, vec!["dropped".into()]));
    // In the last poll of the main future.
    let code = stopped(&mut stopping_runner(), async {
        let task = spawn(async { Bomb(3) });
        while !task.is_finished() {
            yield_now().await;
        }
        drop(task);
        "main's value"
    });
    assert_eq!(code, 3);
    // Of a remote task, whose handle was dropped on this thread.
    let code = stopped(&mut stopping_runner(), async {
        drop(Handle::current().spawn(|| async { Bomb(4) }));
        pending::<()>().await;
    });
    assert_eq!(code, 4);
}

#[test]
fn with_stop_a_panic_of_the_destructor_of_the_main_future_comes_out_of_run() {
    let bomb = Bomb(7);
    let main = poll_fn(move |_| {
        let _kept = &bomb;
        Poll::Ready("main's value")
    });
    assert_eq!(stopped(&mut stopping_runner(), main), 7);
}

#[test]
fn with_stop_a_panic_of_the_destructor_of_a_context_variable_stops_the_run() {
    #[derive(Clone)]
    struct Shared(#[allow(dead_code, reason = "it is there to be dropped")] Arc<Bomb>);
    static VARIABLE: ContextVar<Shared> = ContextVar::new("variable");
    let code = stopped(&mut stopping_runner(), async {
        let task = spawn(async { VARIABLE.set(Shared(Arc::new(Bomb(7)))) });
        task.await.unwrap();
        pending::<()>().await;
    });
    assert_eq!(code, 7);
}

#[cfg(feature = "scope")]
#[test]
fn with_stop_a_panic_of_the_destructor_of_a_child_stops_the_run() {
    let code = stopped(&mut stopping_runner(), async {
        scope(async |s| {
            let child = s.spawn(holds(Bomb(1)));
            yield_now().await;
            child.cancel();
            pending::<()>().await;
        })
        .await;
    });
    assert_eq!(code, 1);
    let code = stopped(&mut stopping_runner(), async {
        scope(async |s| drop(s.spawn(async { Bomb(2) }))).await;
        pending::<()>().await;
    });
    assert_eq!(code, 2);
    let code = stopped(&mut stopping_runner(), async {
        let dropped = scope(async |s| {
            drop(s.spawn(holds(Bomb(3))));
            pending::<()>().await;
        });
        timeout(MS, dropped).await.unwrap_err();
        pending::<()>().await;
    });
    assert_eq!(code, 3);
}

/// A second panic has no run to come out of: it is reported, and the first one
/// stays the first.
#[test]
fn with_stop_the_first_of_several_panics_comes_out() {
    let mut runner = stopping_runner();
    let code = stopped(&mut runner, async {
        let tasks = [1, 2].map(|n| spawn(async move { Bomb(n) }));
        while !tasks.iter().all(JoinHandle::is_finished) {
            yield_now().await;
        }
        drop(tasks);
        pending::<()>().await;
    });
    assert_eq!(code, 1);
    assert_eq!(runner.run(ready(1)), 1, "nothing is left for the next run");
}

/// A loop that ends has returned its value already.
#[test]
fn with_stop_a_panic_at_the_end_of_the_loop_is_reported_and_in_the_handle() {
    let mut runner = stopping_runner();
    let task = runner.spawn(holds(Bomb(1)));
    drop(runner.spawn(holds(Bomb(2))));
    let remote = runner
        .handle()
        .spawn(|| -> std::future::Ready<()> { resume_unwind(Box::new(3_u32)) });
    runner.close();
    assert_eq!(number(run(task).unwrap_err().into_panic()), 1);
    assert!(remote.wait().unwrap_err().is_panic());
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn with_stop_a_panic_is_told_once() {
    let test = "spawn::lost_panics::with_stop_a_panic_is_told_once";
    let Some(child) = in_own_process(test, &[]) else {
        let mut runner = stopping_runner();
        let kept = runner.spawn(async { panic_any(1_u32) });
        assert_eq!(stopped(&mut runner, pending::<()>()), 1);
        drop::<JoinHandle<()>>(kept);
        let code = stopped(&mut runner, async {
            drop::<JoinHandle<()>>(spawn(async { panic_any(2_u32) }));
            drop(Handle::current().spawn(|| async { panic_any(3_u32) }));
            pending::<()>().await;
        });
        assert_eq!(code, 2);
        assert_eq!(stopped(&mut runner, pending::<()>()), 3);
        drop(runner.spawn(holds(Bomb(4))));
        runner.run(yield_now());
        runner.close();
        return;
    };
    let reports = reports(&child);
    assert_eq!(reports.len(), 1, "only that of the end: {reports:?}");
    assert!(reports[0].contains("lost_panics.rs"), "{reports:?}");
}

// ---- a foreign waker ------------------------------------------------------

struct Rude;

impl Wake for Rude {
    fn wake(self: Arc<Self>) {
        resume_unwind(Box::new("a waker panics"));
    }
}

/// The waker belongs to the party that waits, not to the task that ends.
#[test]
fn a_waker_that_panics_does_not_mark_the_task_that_has_returned() {
    must_end(|| {
        for stop in [false, true] {
            let policy = match stop {
                true => OnPanic::Stop,
                false => OnPanic::Log,
            };
            let builder = Runner::builder().virtual_time();
            builder.on_panic(policy).build().run(async {
                let waker = Waker::from(Arc::new(Rude));
                let mut cx = Context::from_waker(&waker);
                let mut local = spawn(async { 1 });
                let mut remote = Handle::current().spawn(|| async { 2 });
                let mut nap = Box::pin(sleep(MS));
                assert!(std::pin::Pin::new(&mut local).poll(&mut cx).is_pending());
                assert!(std::pin::Pin::new(&mut remote).poll(&mut cx).is_pending());
                assert!(nap.as_mut().poll(&mut cx).is_pending());
                sleep(2 * MS).await;
                assert_eq!(local.await.unwrap(), 1);
                assert_eq!(remote.await.unwrap(), 2);
                nap.await;
                assert!(poll_once(&mut pending::<()>()).await.is_pending());
                assert_eq!(race((pending(), ready(3))).await, (1, 3));
            });
        }
    });
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn a_waker_that_panics_is_reported_as_a_waker() {
    let test = "spawn::lost_panics::a_waker_that_panics_is_reported_as_a_waker";
    let Some(child) = in_own_process(test, &[]) else {
        run(async {
            let waker = Waker::from(Arc::new(Rude));
            let mut cx = Context::from_waker(&waker);
            let mut remote = Handle::current().spawn(|| async { 2 });
            assert!(std::pin::Pin::new(&mut remote).poll(&mut cx).is_pending());
            while !remote.is_finished() {
                yield_now().await;
            }
        });
        return;
    };
    assert_eq!(reports(&child), ["a waker panicked: a waker panics"]);
}
