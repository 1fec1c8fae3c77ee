//! What chapter 13 promises.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::mini::{run, spawn, yield_now};

#[test]
fn the_waker_of_an_ended_task_wakes_no_other() {
    let (kept, polls) = (Rc::new(Cell::new(None)), Rc::new(Cell::new(0)));
    let (keep, count) = (Rc::clone(&kept), Rc::clone(&polls));
    let first = poll_fn(move |cx| {
        keep.set(Some(cx.waker().clone()));
        Poll::Ready(())
    });
    let second = poll_fn(move |_| {
        count.set(count.get() + 1);
        Poll::<()>::Pending
    });
    run(async {
        let _ = spawn(first).await;
        spawn(second); // in the slot of the first
        yield_now().await;
        kept.take().into_iter().for_each(Waker::wake);
        yield_now().await;
    });
    assert_eq!(polls.get(), 1);
}

#[test]
fn a_handle_waits_for_a_task_and_for_what_that_one_waits_for() {
    let ended = Rc::new(Cell::new(0));
    let (inner, outer) = (Rc::clone(&ended), Rc::clone(&ended));
    let child = async move {
        yield_now().await;
        inner.set(inner.get() + 1);
    };
    let parent = async move {
        let _ = spawn(child).await; // a task spawns while it is polled
        outer.set(outer.get() + 1);
    };
    run(async {
        let handle = spawn(parent);
        assert!(!handle.is_finished());
        let _ = handle.await;
    });
    assert_eq!(ended.get(), 2);
}

#[test]
#[should_panic(expected = "a loop is already running on this thread")]
fn a_loop_within_a_loop_is_refused() {
    run(async { run(async {}) });
}
