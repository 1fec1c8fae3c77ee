//! Model checks of the question whether anybody else could still wake a task.
//!
//! **Invariant:** each check of the real order stands beside a wrong one, of
//! which the checker must say that it fails.
//!
//! The answer "nobody" ends a run with `RunError::Stalled`, so it must never
//! be given while a letter is on its way. Bounds: the loop and one thread,
//! every order.

use std::panic::Location;

use loom::thread;

use super::*;
use crate::context::Context;
use crate::runtime::Settings;
use crate::sys::modelled::explore_all;
use crate::waker::OwnedWaker;
use crate::waker::model::Kept;

type Question = fn(&Runtime) -> bool;

/// A thread wakes a task with a clone of its waker and lets go of it.
fn no_false_stall_by_waker(may_be_woken: Question) {
    let runtime = Runtime::new(Settings::default());
    let task = runtime.admit_main(Context::EMPTY, Location::caller());
    let own = OwnedWaker::unbound(runtime.ready.mailbox());
    own.bind(task);
    let kept = Kept::of(&own);
    runtime.put_back(task, None, Some(Box::new(own)));
    let waking = thread::spawn(move || kept.wake());
    judge(&runtime, may_be_woken, waking);
}

/// "Nobody" was the answer: then every letter has arrived by now.
fn judge(runtime: &Runtime, may_be_woken: Question, other: thread::JoinHandle<()>) {
    let answer = may_be_woken(runtime);
    other.join().unwrap();
    let mail = runtime.ready.mailbox().has_mail();
    assert!(answer || !mail, "a false stall");
}

#[test]
fn a_wake_on_its_way_is_no_stall() {
    explore_all(|| no_false_stall_by_waker(Runtime::may_be_woken_from_outside));
}

#[test]
#[should_panic(expected = "a false stall")]
fn a_look_at_the_mail_before_the_wakers_is_caught() {
    explore_all(|| {
        no_false_stall_by_waker(|runtime| {
            let mail = runtime.ready.mailbox().has_mail();
            let tasks = runtime.tasks.borrow();
            mail || tasks.iter().any(|(_, task)| task.is_waker_cloned())
        });
    });
}
