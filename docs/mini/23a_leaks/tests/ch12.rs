//! What chapter 12 promises.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use crate::mini::{run, spawn};

type Log = Rc<RefCell<Vec<&'static str>>>;

/// Is polled three times. Wakes itself in the first two, so many times each.
async fn three_polls(name: &'static str, wakes: usize, log: Log) {
    let mut polls = 0;
    poll_fn(move |cx| {
        log.borrow_mut().push(name);
        polls += 1;
        if polls == 3 {
            return Poll::Ready(());
        }
        for _ in 0..wakes {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await;
}

/// The order in which two tasks are polled.
fn order(wakes: usize) -> Vec<&'static str> {
    let log = Log::default();
    run(async {
        let a = spawn(three_polls("a", wakes, Rc::clone(&log)));
        let b = spawn(three_polls("b", wakes, Rc::clone(&log)));
        let _ = (a.await, b.await);
    });
    log.take()
}

#[test]
fn tasks_that_wake_themselves_take_turns() {
    assert_eq!(order(1), ["a", "b", "a", "b", "a", "b"]);
}

#[test]
fn a_task_that_is_woken_twice_is_queued_once() {
    assert_eq!(order(2), ["a", "b", "a", "b", "a", "b"]);
}
