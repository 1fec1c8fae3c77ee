//! Model checks of whole runs: the real loop, its inbox, its end and its thread
//! pool, with another thread that meets each of them.
//!
//! **Invariant:** in every order a run ends, and every call from another thread
//! is answered.
//!
//! Run with `RUSTFLAGS="--cfg executor_loom" cargo test -p executor --lib model`.
//! Bounds: the loop and one thread, at most three preemptions. The wrong orders
//! are in the files named `model.rs` beside the parts that they are about.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::Poll;

use loom::thread;

use crate::base::slab::TaskKey;
use crate::base::sys::modelled::{allow, explore};
use crate::base::sys::{Arc, AtomicUsize, Ordering};
use crate::event_loop::runtime::Runtime;
use crate::{Handle, run, spawn, to_thread, yield_now};

/// Awaits a task that ends when [`cancel`] is called with its key. The main
/// future holds no waker meanwhile.
async fn until_cancelled(announce: impl FnOnce(TaskKey, Handle)) {
    let task = spawn(async {
        let key = Runtime::with(|runtime| runtime.poll.task());
        KEY.with(|place| place.set(key.flatten()));
        pending::<()>().await;
    });
    yield_now().await;
    let key = KEY.with(Cell::get).expect("it was polled");
    announce(key, Handle::current());
    assert!(task.await.unwrap_err().is_cancelled());
}

loom::thread_local! {
    static KEY: Cell<Option<TaskKey>> = Cell::new(None);
}

fn cancel(task: TaskKey) {
    Runtime::with(|runtime| runtime.request_cancel(task));
}

#[test]
fn a_loop_that_waits_for_a_call_gets_it_and_sees_no_stall() {
    explore(|| {
        run(until_cancelled(|task, handle| {
            // The last handle is dropped right after the call was sent.
            thread::spawn(move || drop(handle.spawn(move || async move { cancel(task) })));
        }));
    });
}

#[test]
fn a_call_that_meets_the_end_of_the_loop_is_answered() {
    explore(|| {
        let caller = run(async {
            let handle = Handle::current();
            thread::spawn(move || handle.spawn(|| async { 7 }).wait())
        });
        match caller.join().unwrap() {
            Ok(value) => assert_eq!(value, 7),
            Err(error) => assert!(error.is_cancelled(), "{error}"),
        }
    });
}

#[test]
fn a_request_to_cancel_that_overtakes_its_task_arrives() {
    explore(|| {
        run(until_cancelled(|main, handle| {
            thread::spawn(move || {
                let task = handle.spawn(pending::<()>);
                assert!(task.cancel(), "nothing else ends it");
                assert!(task.wait().unwrap_err().is_cancelled());
                drop(handle.spawn(move || async move { cancel(main) }));
            });
        }));
    });
}

#[test]
fn a_run_gets_the_result_of_its_thread_job() {
    explore(|| {
        allow(1, 0);
        assert_eq!(run(to_thread(|| 7)), 7);
    });
}

#[test]
fn a_run_that_ends_early_leaves_no_job_and_no_thread() {
    explore(|| {
        allow(1, 0);
        let runs = Arc::new(AtomicUsize::new(0));
        let ran = Arc::clone(&runs);
        run(async move {
            let mut call = pin!(to_thread(move || runs.fetch_add(1, Ordering::Relaxed)));
            poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_ready())).await
        });
        assert_eq!(Arc::strong_count(&ran), 1, "the job is dropped");
        assert!(ran.load(Ordering::Relaxed) <= 1);
    });
}
