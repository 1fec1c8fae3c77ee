//! What chapter 14 promises.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::mini::{run, sleep, spawn};

#[test]
fn a_sleep_takes_no_less_than_it_says() {
    let start = Instant::now();
    run(sleep(Duration::from_millis(20)));
    assert!(start.elapsed() >= Duration::from_millis(20));
}

#[test]
fn a_short_sleep_does_not_wait_for_a_long_one() {
    let long_is_over = Rc::new(Cell::new(false));
    let seen = Rc::clone(&long_is_over);
    run(async move {
        spawn(async move {
            sleep(Duration::from_secs(60)).await;
            seen.set(true);
        });
        let short = spawn(sleep(Duration::from_millis(20)));
        let _ = short.await;
    });
    assert!(!long_is_over.get());
}

#[test]
fn a_dropped_sleep_wakes_no_task() {
    let mut polls = 0;
    run(async {
        let mut dropped = Box::pin(sleep(Duration::from_millis(1)));
        let _ = poll_fn(|cx| Poll::Ready(dropped.as_mut().poll(cx))).await;
        drop(dropped);
        let mut sleep = pin!(sleep(Duration::from_millis(50)));
        poll_fn(|cx| {
            polls += 1;
            sleep.as_mut().poll(cx)
        })
        .await;
    });
    assert_eq!(polls, 2);
}
