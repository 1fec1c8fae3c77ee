//! Model checks of the answer to a call from another thread, and of the
//! request to cancel that overtakes it.
//!
//! **Invariant:** each check of the real order stands beside a wrong one, of
//! which the checker must say that it fails.
//!
//! Here the loop is two lines that open the letter; whole runs are checked in
//! `crate::model`. Bounds: the loop and one thread, every order.

use loom::thread;

use super::*;
use crate::sys::modelled::explore_all;

/// The two ends of one call, as [`Handle::spawn`] makes them.
fn a_call(home: ThreadId) -> (Promise<u32>, RemoteHandle<u32>) {
    let mailbox = Arc::new(Mailbox::new());
    mailbox.count_handle(1);
    let answer = Answer::new();
    let promise = Promise {
        answer: Arc::clone(&answer),
        task: None,
    };
    let handle = Handle { mailbox, home };
    (promise, RemoteHandle { answer, handle })
}

type Give = fn(&Answer<u32>);

/// The loop gives an answer while another thread waits for it. A waiter that
/// sleeps through the answer is a deadlock.
fn the_answer_is_heard(give: Give) {
    let (promise, waiting) = a_call(this_thread());
    let waiter = thread::spawn(move || waiting.wait().unwrap());
    give(&promise.answer);
    drop(promise);
    assert_eq!(waiter.join().unwrap(), 7);
}

#[test]
fn whoever_waits_hears_the_answer() {
    explore_all(|| the_answer_is_heard(|answer| answer.give(Ok(7))));
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_bell_that_is_rung_before_the_answer_is_there_is_caught() {
    explore_all(|| {
        the_answer_is_heard(|answer| {
            answer.bell.notify_all();
            let mut slot = lock(&answer.slot);
            slot.stage = Stage::Ended;
            slot.result = Some(Ok(7));
        });
    });
}

#[test]
fn a_call_that_is_dropped_answers() {
    explore_all(|| {
        let (promise, waiting) = a_call(this_thread());
        let waiter = thread::spawn(move || waiting.wait().unwrap_err());
        drop(promise);
        assert!(waiter.join().unwrap().is_closed());
    });
}

type Begin = fn(&Answer<u32>, TaskKey) -> bool;
type TaskKey = crate::slab::TaskKey;

/// What [`start`] does with the stage. `true`: cancel the task that was made.
fn begin(answer: &Answer<u32>, task: TaskKey) -> bool {
    let before = std::mem::replace(&mut lock(&answer.slot).stage, Stage::Running(task));
    before == Stage::CancelRequested
}

/// A request to cancel meets the letter on its way: it is seen when the letter
/// is opened, or it comes as a letter of its own.
fn a_request_is_heard(begin: Begin) {
    let (promise, waiting) = a_call(this_thread());
    let task = crate::slab::Slab::<crate::slab::of::Task, ()>::default().insert(());
    let mailbox = Arc::clone(&waiting.handle.mailbox);
    let asking = thread::spawn(move || {
        assert!(waiting.cancel());
        waiting
    });
    let cancelled = begin(&promise.answer, task);
    let waiting = asking.join().unwrap();
    let mut letters = Vec::new();
    if mailbox.has_mail() {
        mailbox.take_mail(&mut letters);
    }
    let by_letter = letters
        .iter()
        .any(|letter| matches!(letter, Mail::Cancel(_)));
    assert!(cancelled != by_letter, "the request was lost");
    drop((promise, waiting));
}

#[test]
fn a_request_to_cancel_is_heard_once() {
    explore_all(|| a_request_is_heard(begin));
}

#[test]
#[should_panic(expected = "the request was lost")]
fn a_start_that_looks_for_a_request_before_it_says_running_is_caught() {
    explore_all(|| {
        a_request_is_heard(|answer, task| {
            let requested = lock(&answer.slot).stage == Stage::CancelRequested;
            lock(&answer.slot).stage = Stage::Running(task);
            requested
        });
    });
}
