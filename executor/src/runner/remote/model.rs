//! Model checks of the answer to a remote call, and of a request to cancel that
//! overtakes the call.
//!
//! **Invariant:** each check of the real order is beside one of a wrong order,
//! which the checker must find.
//!
//! The loop of these checks is the few lines that open the message; whole runs
//! are checked in `testing`. Bounds: the loop and one thread, every order.

use loom::thread;

use super::*;
use crate::base::slab::{Slab, TaskKey, kind};
use crate::base::sys::modelled::explore_all;

/// Returns the two ends of one call, as [`Handle::spawn`] makes them.
fn one_call() -> (Promise<u32>, RemoteHandle<u32>) {
    let (inbox, _) = Inbox::with_parker();
    let answer = Answer::new(CountedInbox::new(&inbox));
    let promise = Promise {
        answer: Arc::clone(&answer),
        result: None,
    };
    let home = this_thread();
    let handle = RemoteHandle {
        answer,
        inbox,
        home,
    };
    (promise, handle)
}

/// The loop gives an answer while another thread waits for it. A wait that
/// misses the answer is a deadlock.
fn the_answer_ends_the_wait(keep: fn(Promise<u32>)) {
    let (promise, handle) = one_call();
    let waiting = thread::spawn(move || handle.wait().unwrap());
    keep(promise);
    assert_eq!(waiting.join().unwrap(), 7);
}

#[test]
fn an_answer_ends_the_wait() {
    explore_all(|| the_answer_ends_the_wait(|mut promise| promise.result = Some(Ok(7))));
}

#[test]
#[should_panic(expected = "deadlock")]
fn an_answer_that_notifies_before_it_is_stored_is_caught() {
    explore_all(|| {
        the_answer_ends_the_wait(|promise| {
            promise.answer.stored.notify_all();
            lock(&promise.answer.slot).stage = Stage::Ended(Some(Ok(7)));
            std::mem::forget(promise);
        });
    });
}

#[test]
fn a_dropped_call_ends_the_wait() {
    explore_all(|| {
        let (promise, handle) = one_call();
        let waiting = thread::spawn(move || handle.wait().unwrap_err());
        drop(promise);
        assert!(waiting.join().unwrap().is_closed());
    });
}

/// A request to cancel meets the call: the loop finds the request when it opens
/// the call, or gets a message of its own about it.
fn the_request_arrives_once(begin: fn(&Answer<u32>, TaskKey) -> bool) {
    let (promise, handle) = one_call();
    let task = Slab::<{ kind::TASK }, ()>::default().insert(());
    let inbox = Arc::clone(&handle.inbox);
    let asking = thread::spawn(move || {
        assert!(handle.cancel());
        handle
    });
    let found = begin(&promise.answer, task);
    let handle = asking.join().unwrap();
    let mut messages = inbox.messages().into_iter();
    let by_message = messages.any(|message| matches!(message, Message::Cancel(_)));
    assert!(found != by_message, "the request was lost");
    drop((promise, handle));
}

#[test]
fn a_request_to_cancel_arrives_once() {
    explore_all(|| the_request_arrives_once(|answer, task| answer.start(task).0));
}

#[test]
#[should_panic(expected = "the request was lost")]
fn a_start_that_looks_for_a_request_before_it_sets_running_is_caught() {
    explore_all(|| {
        the_request_arrives_once(|answer, task| {
            let requested = lock(&answer.slot).is_cancelled;
            lock(&answer.slot).stage = Stage::Running(task);
            requested
        });
    });
}
