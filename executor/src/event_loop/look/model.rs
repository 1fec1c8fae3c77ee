//! Model checks of the question whether another thread could still wake a task.
//!
//! **Invariant:** each check of the real order is beside one of a wrong order,
//! which the checker must find.
//!
//! The answer "no" ends a run with `RunError::Stalled`, so the loop must never
//! give it while a message is about to arrive. Bounds: the loop and one thread,
//! every order.

use std::panic::Location;
use std::rc::Rc;

use loom::thread;

use super::*;
use crate::base::sys::modelled::explore_all;
use crate::event_loop::context::ContextMap;
use crate::event_loop::runtime::Settings;
use crate::event_loop::waker::TaskWaker;
use crate::event_loop::waker::model::HeldClone;

/// A thread wakes a task with a clone of its waker, and drops the clone. If the
/// answer was "no", every message must have arrived before.
fn no_false_stall_by_waker(may_be_woken: fn(&Runtime) -> bool) {
    let runtime = Runtime::new(Settings::default());
    let key = runtime.add_main_task(ContextMap::EMPTY, Location::caller());
    let own = TaskWaker::unbound(runtime.inbox());
    own.bind(key.to_bits());
    let held = HeldClone::of(&own);
    if let Some(task) = runtime.tasks.borrow_mut().get_mut(key) {
        task.waker = Some(Rc::new(own));
    }
    let waking = thread::spawn(move || held.wake());
    let answer = may_be_woken(&runtime);
    waking.join().unwrap();
    let late = runtime.inbox().has_messages();
    assert!(answer || !late, "a false stall");
}

#[test]
fn a_wake_that_is_about_to_arrive_is_no_stall() {
    explore_all(|| {
        no_false_stall_by_waker(|runtime| !Composition::is_stall_certain(runtime, None));
    });
}

#[test]
#[should_panic(expected = "a false stall")]
fn a_look_at_the_inbox_before_the_wakers_is_caught() {
    explore_all(|| {
        no_false_stall_by_waker(|runtime| {
            let messages = runtime.inbox().has_messages();
            let tasks = runtime.tasks.borrow();
            let mut wakers = tasks.iter().filter_map(|(_, task)| task.waker.as_ref());
            messages || wakers.any(|waker| waker.is_cloned())
        });
    });
}
