//! The loop from other threads: each post gets an answer, in order, also when the
//! loop is parked, ending or closed.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::{pending, poll_fn};
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

#[cfg(feature = "observe")]
use executor::instrument::{Event, Recorder};
use executor::{
    Background, Handle, JoinHandle, RemoteHandle, RunError, Runner, current_task, run, spawn,
    tasks, timeout, to_thread, try_run, yield_now,
};
use futures::channel::oneshot;

use crate::common::{OnDrop, in_own_process, must_end, panic_text, reports, sized, virtual_runner};
#[cfg(feature = "observe")]
use crate::common::{count, runner_that_tells_parks};

/// Long enough for any machine; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The handle of a loop that has ended.
fn closed_handle() -> Handle {
    run(async { Handle::current() })
}

// ---- posting --------------------------------------------------------------

#[cfg(feature = "observe")]
#[test]
fn c197_a_post_wakes_a_loop_that_is_parked_forever() {
    let (mut runner, parks) = runner_that_tells_parks(Runner::builder());
    let handle = runner.handle();
    let poster = thread::spawn(move || {
        parks.recv().unwrap();
        let first = handle.spawn(|| async { 1 }).wait().unwrap();
        parks.recv().unwrap();
        first + handle.spawn(|| async { 2 }).wait().unwrap()
    });
    runner.run(async {
        let (done, is_done) = oneshot::channel();
        thread::spawn(move || done.send(poster.join().unwrap()));
        assert_eq!(is_done.await, Ok(3));
    });
}

#[cfg(feature = "observe")]
#[test]
fn c197_a_waker_used_on_another_thread_wakes_a_loop_that_is_parked_forever() {
    let (mut runner, parks) = runner_that_tells_parks(Runner::builder());
    let (send, receive) = oneshot::channel();
    let sender = thread::spawn(move || {
        parks.recv().unwrap();
        send.send(7).unwrap();
    });
    assert_eq!(runner.run(receive), Ok(7));
    sender.join().unwrap();
}

thread_local! {
    /// What the posts have recorded on the thread of the loop: the last number of
    /// each poster, how many arrived, and the waker of the task that waits for all.
    static LAST: RefCell<HashMap<u32, u32>> = RefCell::default();
    static ARRIVED: Cell<u32> = const { Cell::new(0) };
    static WAITING: RefCell<Option<Waker>> = const { RefCell::new(None) };
}

fn arrive(poster: u32, number: u32) {
    let before = LAST.with_borrow_mut(|last| last.insert(poster, number));
    assert_eq!(
        number,
        before.map_or(0, |before| before + 1),
        "the order of poster {poster}"
    );
    ARRIVED.set(ARRIVED.get() + 1);
    if let Some(waker) = WAITING.take() {
        waker.wake();
    }
}

async fn arrivals(expected: u32) {
    poll_fn(|cx| {
        WAITING.replace(Some(cx.waker().clone()));
        if ARRIVED.get() == expected {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[test]
fn c199_posts_of_many_threads_all_arrive_and_each_threads_in_its_order() {
    const POSTERS: u32 = 8;
    const EACH: u32 = sized(3_000, 10);
    run(async {
        for poster in 0..POSTERS {
            let handle = Handle::current();
            thread::spawn(move || {
                for number in 0..EACH {
                    drop(handle.spawn(move || async move { arrive(poster, number) }));
                    if number % 100 == 0 {
                        thread::yield_now(); // so that the loop runs dry now and then
                    }
                }
            });
        }
        arrivals(POSTERS * EACH).await;
    });
}

#[cfg(feature = "observe")]
#[test]
fn c199_posts_that_come_while_the_loop_is_busy_are_taken_in_at_once() {
    const EACH: usize = sized(1_000, 5);
    let recorder = Recorder::new();
    let mut runner = Runner::builder().instrument(recorder.clone()).build();
    let ran = Arc::new(AtomicUsize::new(0));
    runner.run(async {
        let _keep = Handle::current(); // or the last one of a burst would post, too
        let posters = [(); 8].map(|()| {
            let (handle, ran) = (Handle::current(), ran.clone());
            thread::spawn(move || {
                for _ in 0..EACH {
                    let ran = ran.clone();
                    drop(handle.spawn(move || async move { ran.fetch_add(1, Ordering::SeqCst) }));
                }
            })
        });
        for poster in posters {
            poster.join().unwrap(); // blocks the loop
        }
        yield_now().await;
        yield_now().await;
        assert_eq!(ran.load(Ordering::SeqCst), 8 * EACH);
    });
    let events = recorder.take();
    let drained: Vec<_> = events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::InboxDrained { messages } => Some(*messages),
            _ => None,
        })
        .collect();
    assert_eq!(drained[0], 8 * EACH, "all drained at once");
    assert_eq!(
        count(&events, |event| matches!(event, Event::ParkStart { .. })),
        0
    );
}

/// Each round is one post to a loop that is about to park, or has just done so.
#[test]
fn c200_no_post_is_lost_between_the_last_look_and_the_sleep() {
    const ROUNDS: u32 = sized(20_000, 30);
    let rounds = run(async {
        let handle = Handle::current();
        let (done, is_done) = oneshot::channel();
        thread::spawn(move || {
            let round = |n| {
                let mut answer = handle.spawn(move || async move { n });
                match answer.wait_timeout(PATIENCE) {
                    Some(answer) => answer.unwrap() == n,
                    None => false,
                }
            };
            let _ = done.send((0..ROUNDS).take_while(|n| round(*n)).count());
        });
        is_done.await.unwrap()
    });
    assert_eq!(rounds, ROUNDS as usize, "the next post was never answered");
}

#[test]
fn c200_no_wake_is_lost_between_the_last_look_and_the_sleep() {
    const ROUNDS: usize = sized(20_000, 30);
    let (to_thread, from_loop) = async_channel::bounded::<usize>(1);
    let (to_loop, from_thread) = async_channel::bounded::<usize>(1);
    let echo = thread::spawn(move || {
        while let Ok(n) = from_loop.recv_blocking() {
            to_loop.send_blocking(n).unwrap();
        }
    });
    run(async {
        for n in 0..ROUNDS {
            to_thread.send(n).await.unwrap();
            let answer = timeout(PATIENCE, from_thread.recv()).await;
            assert_eq!(answer.expect("a wake was lost"), Ok(n));
        }
    });
    drop(to_thread);
    echo.join().unwrap();
}

// ---- the end --------------------------------------------------------------

#[test]
fn c202_a_post_after_the_end_is_refused_with_an_error() {
    let handle = closed_handle();
    let dropped = Arc::new(AtomicBool::new(false));
    let tells = dropped.clone();
    let held = Arc::new(()); // what the closure holds
    let weak = Arc::downgrade(&held);
    let mut refused = handle.spawn(move || {
        let _held = held;
        tells.store(true, Ordering::SeqCst);
        async { 1 }
    });
    assert!(weak.upgrade().is_none(), "the closure is dropped at once");
    assert!(!dropped.load(Ordering::SeqCst), "and never called");
    assert!(refused.is_finished());
    assert!(!refused.cancel());
    let error = refused.wait_timeout(Duration::ZERO).unwrap().unwrap_err();
    assert!(error.is_closed() && error.is_cancelled() && !error.is_panic());
    assert_eq!(
        error.to_string(),
        "the loop has closed and takes no more work"
    );
    assert_eq!(error.task_id(), None);

    let elsewhere = handle.clone();
    let waits = thread::spawn(move || elsewhere.spawn(|| async {}).wait());
    assert!(waits.join().unwrap().unwrap_err().is_closed());
    // On another loop of this thread too.
    run(async move { assert!(handle.spawn(|| async {}).await.unwrap_err().is_closed()) });
}

#[test]
fn c202_posts_that_race_the_end_are_all_answered() {
    for _ in 0..sized(50, 5) {
        let (tell, told) = mpsc::channel::<Handle>();
        let poster = thread::spawn(move || {
            let handle = told.recv().unwrap();
            let posts: Vec<_> = (0..sized(50, 10))
                .map(|n| handle.spawn(move || async move { n }))
                .collect();
            posts
                .into_iter()
                .map(|mut post| post.wait_timeout(PATIENCE))
                .collect::<Vec<_>>()
        });
        run(async {
            tell.send(Handle::current()).unwrap();
            yield_now().await;
        });
        for (n, answer) in poster.join().unwrap().into_iter().enumerate() {
            match answer.expect("an answer, whichever it is") {
                Ok(value) => assert_eq!(value, n),
                Err(error) => assert!(error.is_cancelled(), "{error}"),
            }
        }
    }
}

#[test]
fn c203_what_was_posted_before_a_panic_of_main_still_runs() {
    let ran = Arc::new(AtomicBool::new(false));
    let answer = Rc::new(RefCell::new(None));
    let text = panic_text(|| {
        run(async {
            let ran = ran.clone();
            let posted = Handle::current().spawn(move || {
                ran.store(true, Ordering::SeqCst);
                pending::<()>()
            });
            answer.replace(Some(posted));
            resume_unwind(Box::new("main"));
        });
    });
    assert_eq!(text, "main");
    assert!(ran.load(Ordering::SeqCst), "the closure is called");
    let error = answer.take().unwrap().wait().unwrap_err();
    assert!(error.is_cancelled() && !error.is_closed(), "{error}");
}

// ---- results --------------------------------------------------------------

#[test]
fn c206_a_thread_that_blocks_gets_the_value_the_panic_or_the_cancel() {
    let background = Runner::background();
    let handle = background.handle();
    assert_eq!(handle.spawn(|| async { "value" }).wait().unwrap(), "value");

    let panics: RemoteHandle<()> = handle.spawn(|| async { resume_unwind(Box::new(17)) });
    let error = panics.wait().unwrap_err();
    assert_eq!(*error.into_panic().downcast::<i32>().unwrap(), 17);

    let mut endless = handle.spawn(pending::<()>);
    assert!(endless.cancel());
    let answer = endless.wait_timeout(PATIENCE).expect("an answer");
    assert!(answer.unwrap_err().is_cancelled());
}

#[test]
fn c206_a_wait_that_times_out_leaves_the_task_to_be_waited_for_or_cancelled() {
    let background = Runner::background();
    let (open, gate) = oneshot::channel();
    let mut task = background.spawn(|| gate);
    assert!(task.wait_timeout(Duration::ZERO).is_none());
    assert!(task.wait_timeout(Duration::from_millis(1)).is_none());
    assert!(!task.is_finished());
    open.send(5).unwrap();
    assert_eq!(task.wait().unwrap(), Ok(5));

    let (began, has_begun) = mpsc::channel();
    let (dropped, is_dropped) = mpsc::channel();
    let mut task = background.spawn(move || async move {
        let _gone = OnDrop(move || dropped.send(()).unwrap());
        began.send(()).unwrap();
        pending::<()>().await;
    });
    // Otherwise the cancel could come before the first poll, and no guard exist.
    has_begun.recv_timeout(PATIENCE).unwrap();
    assert!(task.wait_timeout(Duration::from_millis(1)).is_none());
    assert!(task.cancel());
    assert!(task.wait().unwrap_err().is_cancelled());
    is_dropped.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn a_cancel_that_overtakes_its_task_is_not_lost() {
    run(async {
        let handle = Handle::current();
        let ran = Arc::new(AtomicBool::new(false));
        let runs = ran.clone();
        let task = handle.spawn(move || async move { runs.store(true, Ordering::SeqCst) });
        assert!(task.cancel(), "the message is still in the inbox");
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(!ran.load(Ordering::SeqCst));
    });
}

#[test]
fn a_blocking_wait_on_the_loops_own_thread_is_refused() {
    run(async {
        let task = Handle::current().spawn(|| async { 1 });
        let error = task.wait().unwrap_err();
        assert_eq!(
            error.to_string(),
            "a blocking wait on the loop's own thread would wait forever: `.await` the handle instead"
        );
        let mut task = Handle::current().spawn(|| async { 1 });
        assert!(task.wait_timeout(PATIENCE).unwrap().is_err());
        assert_eq!(task.await.unwrap(), 1, "the refused wait took nothing away");
    });
}

#[test]
fn a_remote_handle_can_be_awaited_on_another_loop_and_dropping_it_detaches() {
    let background = Runner::background();
    let (ran, has_run) = mpsc::channel();
    drop(background.spawn(move || async move { ran.send(1).unwrap() }));
    assert_eq!(has_run.recv_timeout(PATIENCE), Ok(1));
    let remote = background.spawn(|| async { 2 });
    assert_eq!(run(remote).unwrap(), 2);
}

#[test]
fn a_panic_in_the_closure_that_makes_the_future_reaches_who_waits() {
    let background = Runner::background();
    let make = || -> std::future::Ready<()> { resume_unwind(Box::new("while making it")) };
    let error = background.spawn(make).wait().unwrap_err();
    assert!(error.is_panic(), "{error}");
    assert_eq!(background.run(|| async { 1 }), 1, "the loop still works");
}

#[test]
fn a_remote_task_is_listed_with_the_line_that_sent_it_and_no_parent() {
    run(async {
        let line = line!() + 1;
        let task = Handle::current().spawn(|| async { current_task().unwrap() });
        let info = task.await.unwrap();
        assert_eq!(
            (info.spawned_at().file(), info.spawned_at().line()),
            (file!(), line)
        );
        assert_eq!(info.parent(), None);
        assert_eq!(tasks().len(), 1, "it is gone from the list");
    });
}

// ---- handles --------------------------------------------------------------

#[test]
fn there_is_a_current_handle_exactly_where_a_loop_runs() {
    assert!(Handle::try_current().is_none());
    run(async { assert!(Handle::try_current().is_some()) });
    assert!(Handle::try_current().is_none());
    let text = panic_text(Handle::current);
    assert!(
        text.starts_with("Handle::current needs a running loop"),
        "{text}"
    );
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn c038_a_panic_that_a_dropped_handle_would_have_told_is_reported_once() {
    let test =
        "runner::cross_thread::c038_a_panic_that_a_dropped_handle_would_have_told_is_reported_once";
    let Some(child) = in_own_process(test, &[]) else {
        run(async {
            let spawn = |text: &'static str| {
                Handle::current().spawn(move || async move { panic!("{text}") })
            };
            drop::<RemoteHandle<()>>(spawn("the handle goes first"));
            let late = spawn("the task ends first");
            while !late.is_finished() {
                yield_now().await;
            }
            drop(late);
        });
        return;
    };
    let reports = reports(&child);
    assert_eq!(reports.len(), 2, "{reports:?}");
    for (report, text) in reports.iter().zip(["the handle goes", "the task ends"]) {
        let end = format!("panicked: {text} first (its handle was dropped)");
        assert!(report.ends_with(&end), "{end} is not in {reports:?}");
    }
}

#[cfg(feature = "observe")]
#[test]
fn a_loop_waits_for_threads_that_hold_a_handle_and_for_no_other() {
    let (mut runner, parks) = runner_that_tells_parks(Runner::builder());
    let (one, two) = (runner.handle(), runner.handle().clone());
    let holder = thread::spawn(move || {
        parks.recv().unwrap(); // it waits
        drop(one);
        drop(two); // the last one: now nothing can ever happen
    });
    let result = runner.try_run(pending::<()>());
    assert!(matches!(result, Err(RunError::Stalled { .. })));
    holder.join().unwrap();
    assert!(matches!(
        try_run(pending::<()>()),
        Err(RunError::Stalled { .. })
    ));
}

#[test]
fn a_handle_of_a_runner_that_does_not_run_posts_for_its_next_run() {
    let mut runner = virtual_runner();
    let handle = runner.handle();
    let mut task = thread::spawn(move || handle.spawn(|| async { 4 }))
        .join()
        .unwrap();
    assert!(!task.is_finished());
    assert_eq!(runner.run(&mut task).unwrap(), 4);
}

// ---- what may go where ----------------------------------------------------

#[test]
fn handles_go_everywhere() {
    fn check<T: Send + Sync>() {}
    check::<Handle>();
    check::<RemoteHandle<Cell<u32>>>();
    check::<Background>();
    check::<Waker>();
    check::<executor::JoinError>();
    check::<executor::RunError>();
    check::<executor::TaskInfo>();
}

/// `check` has two meanings for a type that is `Send`, so that this compiles
/// only because these are not.
#[cfg(feature = "observe")]
#[test]
fn c208_what_belongs_to_the_loops_thread_cannot_leave_it() {
    trait NotSend<Which> {
        fn check() {}
    }
    impl<T> NotSend<()> for T {}
    impl<T: Send> NotSend<u8> for T {}
    <JoinHandle<u8> as NotSend<_>>::check();
    <executor::CancelOnDrop<u8> as NotSend<_>>::check();
    <Runner as NotSend<_>>::check();
    <Recorder as NotSend<_>>::check();
}

#[test]
fn c208_a_call_that_needs_the_loop_says_so_on_another_thread() {
    run(async {
        let text = to_thread(|| panic_text(|| spawn(async {}))).await;
        assert!(text.starts_with("spawn needs a running loop"), "{text}");
        assert!(
            text.contains("from another thread, through an `executor::Handle`"),
            "{text}"
        );
        let seen = to_thread(|| (current_task().is_none(), tasks().len())).await;
        assert_eq!(seen, (true, 0));
    });
}

/// Only the closure travels, and so only that must be `Send`.
#[test]
fn c209_a_future_that_is_not_send_is_made_on_the_loop() {
    let background = Runner::background();
    let task = background.spawn(|| {
        let shared = Rc::new(Cell::new(1));
        async move {
            yield_now().await;
            let sharer = shared.clone();
            spawn(async move { sharer.set(sharer.get() + 1) })
                .await
                .unwrap();
            shared.get()
        }
    });
    assert_eq!(task.wait().unwrap(), 2);
}

/// A loop that is neither running nor closed, as after `loop.stop()` in asyncio.
#[test]
fn r026_a_call_to_a_runner_that_never_runs_again_ends_with_the_runner() {
    must_end(|| {
        let mut runner = Runner::new();
        runner.run(async {});
        let handle = runner.handle();
        let (send, sent) = mpsc::channel();
        let waits = thread::spawn(move || {
            let task = handle.spawn(|| async { 7 });
            send.send(()).unwrap();
            task.wait()
        });
        sent.recv().unwrap();
        drop(runner);
        // The end of the loop takes the call in, and drops its task.
        assert!(waits.join().unwrap().unwrap_err().is_cancelled());
    });
}
