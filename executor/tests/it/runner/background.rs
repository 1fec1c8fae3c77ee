//! `Background`: a loop on a thread of its own.

use std::future::pending;
use std::panic::panic_any;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use executor::{
    Background, Handle, RemoteHandle, Runner, ThreadPool, run, run_in_executor, to_thread,
    yield_now,
};

use crate::common::{OnDrop, must_end, panic_of, panic_text, run_to_end};

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
    assert_eq!(background.run(|| async { 1 }), 1, "the loop still works");
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

#[test]
fn a_background_loop_can_live_in_a_static_and_keeps_its_tasks_between_calls() {
    static LOOP: OnceLock<Background> = OnceLock::new();
    let background = LOOP.get_or_init(Runner::background);
    let (send, receive) = async_channel::unbounded();
    let sum = background.spawn(move || async move {
        let mut sum = 0;
        while let Ok(n) = receive.recv().await {
            sum += n;
        }
        sum
    });
    for n in 1..=4 {
        let send = send.clone();
        background.run(move || async move { send.send(n).await.unwrap() });
    }
    drop(send);
    assert_eq!(sum.wait().unwrap(), 10);
}

#[test]
fn a_blocking_call_on_the_background_loops_own_thread_is_refused() {
    static LOOP: OnceLock<Background> = OnceLock::new();
    let background = LOOP.get_or_init(Runner::background);
    let nested = || async { LOOP.get().unwrap().run(|| async {}) };
    let error = background.spawn(nested).wait().unwrap_err();
    assert!(error.to_string().contains("would wait forever"), "{error}");
}

#[test]
fn dropping_a_background_loop_drops_its_tasks_and_waits_for_its_thread() {
    let (dropped, is_dropped) = mpsc::channel();
    let background = Runner::background();
    let left = background.spawn(move || async move {
        let _gone = OnDrop(move || dropped.send(()).unwrap());
        pending::<()>().await;
    });
    background.run(|| async { yield_now().await });
    let handle = background.handle();
    drop(background);
    assert_eq!(
        is_dropped.try_recv(),
        Ok(()),
        "it has happened, not only begun"
    );
    assert!(left.wait().unwrap_err().is_cancelled());
    assert!(handle.spawn(|| async {}).wait().unwrap_err().is_closed());
}

// ---- dropped by what it would wait for ------------------------------------

/// Tells when it is dropped.
fn tells<T: Send + 'static>(send: &mpsc::Sender<T>, what: T) -> OnDrop<impl FnMut() + use<T>> {
    let (send, mut what) = (send.clone(), Some(what));
    OnDrop(move || drop(send.send(what.take().expect("dropped once"))))
}

/// Waits until the thread of a background loop has ended: its last task drops
/// this, and then its handle says "closed".
#[track_caller]
fn must_close(handle: &Handle) {
    let begin = Instant::now();
    while !handle
        .spawn(|| async {})
        .wait()
        .is_err_and(|error| error.is_closed())
    {
        assert!(begin.elapsed() < Duration::from_secs(60), "it never ends");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_background_loop_dropped_by_its_own_task_ends_without_being_waited_for() {
    must_end(|| {
        let (send, dropped) = mpsc::channel();
        let background = Runner::background();
        let handle = background.handle();
        let sibling = tells(&send, "sibling");
        drop(background.spawn(move || async move {
            let _sibling = sibling;
            pending::<()>().await;
        }));
        let task = handle.spawn(move || async move {
            drop(background);
            "after the drop"
        });
        assert_eq!(task.wait().unwrap(), "after the drop");
        assert_eq!(
            dropped.recv(),
            Ok("sibling"),
            "its tasks are dropped as ever"
        );
        must_close(&handle);
    });
}

/// What unwinds must not panic again: that aborts the process.
#[test]
fn a_background_loop_dropped_by_its_own_task_that_unwinds_ends() {
    must_end(|| {
        let background = Runner::background();
        let handle = background.handle();
        let task: RemoteHandle<()> = handle.spawn(move || async move {
            let _background = background;
            panic_any("on the way out");
        });
        let panic = task.wait().unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"on the way out"));
        must_close(&handle);
    });
}

#[test]
fn a_background_loop_dropped_when_its_task_is_cancelled_ends() {
    must_end(|| {
        let background = Runner::background();
        let handle = background.handle();
        let (began, has_begun) = mpsc::channel();
        let task = handle.spawn(move || async move {
            let _held = background;
            began.send(()).unwrap();
            pending::<()>().await;
        });
        has_begun.recv().unwrap();
        assert!(task.cancel());
        assert!(task.wait().unwrap_err().is_cancelled());
        must_close(&handle);
    });
}

/// The end of the loop waits for its thread jobs, so a job cannot wait for it.
#[test]
fn a_background_loop_dropped_by_a_thread_job_of_its_own_ends() {
    must_end(|| {
        let background = Runner::background();
        let handle = background.handle();
        let task = handle.spawn(move || async move {
            to_thread(move || drop(background)).await;
            "after the drop"
        });
        // The loop may end before it has polled the task again.
        match task.wait() {
            Ok(value) => assert_eq!(value, "after the drop"),
            Err(error) => assert!(error.is_cancelled(), "{error}"),
        }
        must_close(&handle);
    });
}

#[test]
fn a_background_loop_dropped_by_a_job_of_its_own_on_a_pool_ends() {
    must_end(|| {
        let pool = ThreadPool::new(1);
        let background = Runner::background();
        let handle = background.handle();
        let jobs = pool.clone();
        drop(handle.spawn(move || async move {
            run_in_executor(&jobs, move || drop(background)).await;
        }));
        must_close(&handle);
        // The thread of the pool works on.
        assert_eq!(run(run_in_executor(&pool, || 7)), 7);
    });
}

/// A loop in the job is not the loop of the job.
#[test]
fn a_background_loop_dropped_inside_a_loop_of_its_thread_job_ends() {
    must_end(|| {
        let background = Runner::background();
        let handle = background.handle();
        drop(handle.spawn(move || async move {
            to_thread(move || run(async move { drop(background) })).await;
        }));
        must_close(&handle);
    });
}

/// The value of an abandoned job is dropped on the thread of the pool.
#[test]
fn a_background_loop_in_the_unread_value_of_its_own_job_ends() {
    must_end(|| {
        let background = Runner::background();
        let handle = background.handle();
        let (open, gate) = mpsc::channel::<()>();
        let call = handle.spawn(move || async move {
            to_thread(move || {
                let _ = gate.recv();
                background
            })
            .await
        });
        assert_eq!(handle.spawn(|| async { 1 }).wait().unwrap(), 1);
        assert!(call.cancel());
        assert!(call.wait().is_err());
        drop(open);
        must_close(&handle);
    });
}

#[test]
fn a_thread_job_of_another_loop_waits_for_a_background_loop() {
    must_end(|| {
        let (send, dropped) = mpsc::channel();
        let background = Runner::background();
        let gone = tells(&send, ());
        drop(background.spawn(move || async move {
            let _gone = gone;
            pending::<()>().await;
        }));
        background.run(|| async { yield_now().await });
        run(async {
            to_thread(move || drop(background)).await;
            assert_eq!(dropped.try_recv(), Ok(()), "it was waited for");
        });
    });
}

/// Each loop has the other in a task: one of the two waits must not be made.
#[test]
fn two_background_loops_that_hold_each_other_end() {
    must_end(|| {
        let (one, two) = (Runner::background(), Runner::background());
        let handles = [one.handle(), two.handle()];
        let (of_one, of_two) = (handles[0].clone(), handles[1].clone());
        let (began, has_begun) = mpsc::channel();
        drop(of_two.spawn(move || async move {
            let _one = one;
            began.send(()).unwrap();
            pending::<()>().await;
        }));
        has_begun.recv().unwrap();
        drop(of_one.spawn(move || async move { drop(two) }));
        handles.iter().for_each(must_close);
    });
}

/// The job waits for another loop, whose end drops the loop of the job.
#[test]
fn a_ring_of_a_job_and_two_background_loops_ends() {
    must_end(|| {
        let (one, two) = (Runner::background(), Runner::background());
        let handles = [one.handle(), two.handle()];
        let (of_one, of_two) = (handles[0].clone(), handles[1].clone());
        let (began, has_begun) = mpsc::channel();
        drop(of_two.spawn(move || async move {
            let _one = one;
            began.send(()).unwrap();
            pending::<()>().await;
        }));
        has_begun.recv().unwrap();
        drop(of_one.spawn(move || async move { to_thread(move || drop(two)).await }));
        handles.iter().for_each(must_close);
    });
}

#[test]
fn a_pool_dropped_by_its_own_worker_ends() {
    must_end(|| {
        let pool = ThreadPool::new(1);
        let (send, dropped) = mpsc::channel();
        let gone = tells(&send, "the value");
        run(async move {
            let mine = pool.clone();
            let call = run_in_executor(&pool, move || {
                drop(mine);
                let _gone = gone;
                7
            });
            drop(pool);
            assert_eq!(call.await, 7);
        });
        assert_eq!(dropped.recv(), Ok("the value"));
    });
}

/// A loop in a thread job joins its own pool, not the one that it runs on.
#[test]
fn a_runner_dropped_in_a_thread_job_joins_its_own_threads() {
    run_to_end(|| async {
        let sum = to_thread(|| {
            let mut inner = Runner::new();
            let one = inner.run(to_thread(|| 1));
            drop(inner);
            one + 1
        });
        assert_eq!(sum.await, 2);
    });
}
