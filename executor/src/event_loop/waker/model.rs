//! Model checks of wakers: the flag `notified`, and the look at the clones.
//!
//! **Invariant:** each check of the real order is beside one of a wrong order,
//! which the checker must find.
//!
//! Bounds: the loop and two threads that wake, at most three preemptions; the
//! loop and one thread, every order.

use loom::thread;

use super::*;
use crate::base::slab::{Slab, kind};
use crate::base::sys::modelled::{explore, explore_all};

/// A clone of a waker that another thread holds. Shows the checker when the
/// reference comes and goes.
pub(crate) struct HeldClone<T: WakeTarget>(Arc<Shared<T>>);

impl<T: WakeTarget> HeldClone<T> {
    pub(crate) fn of(waker: &OwnedWaker<T>) -> Self {
        waker.shared.references.join();
        HeldClone(Arc::clone(&waker.shared))
    }

    pub(crate) fn wake(&self) {
        self.0.wake_by_ref();
    }
}

impl<T: WakeTarget> Drop for HeldClone<T> {
    fn drop(&mut self) {
        self.0.references.leave();
    }
}

/// A wrong [`OwnedWaker::clear_notified`]: a store does not see what the thread
/// of a wake wrote before.
pub(crate) fn clear_by_a_store<T: WakeTarget>(own: &OwnedWaker<T>) {
    own.shared.notified.store(false, Ordering::Release);
}

fn task_waker(inbox: &Arc<Inbox>) -> TaskWaker {
    let task = Slab::<{ kind::TASK }, ()>::default().insert(());
    let waker = TaskWaker::unbound(inbox);
    waker.bind(task.to_bits());
    waker
}

/// Two threads set a flag each, relaxed, and wake. The loop polls after each
/// message and must have seen both in the end.
fn no_wake_is_lost(clear: fn(&TaskWaker)) {
    let (inbox, parker) = Inbox::with_parker();
    let own = task_waker(&inbox);
    let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
    let threads = [0, 1].map(|at| {
        let (held, flags) = (HeldClone::of(&own), Arc::clone(&flags));
        thread::spawn(move || {
            flags[at].store(true, Ordering::Relaxed);
            held.wake();
        })
    });
    loop {
        clear(&own);
        // The poll.
        let seen = flags.each_ref().map(|flag| flag.load(Ordering::Relaxed));
        if seen == [true, true] {
            break;
        }
        inbox.wait_for_messages(&parker);
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_poll_sees_what_was_written_before_each_wake() {
    explore(|| no_wake_is_lost(OwnedWaker::clear_notified));
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_flag_that_is_cleared_by_a_store_is_caught() {
    explore(|| no_wake_is_lost(clear_by_a_store));
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_flag_that_is_never_cleared_is_caught() {
    explore(|| no_wake_is_lost(|_| ()));
}

/// The loop binds its spare waker to the next task as soon as no clone is left:
/// then everything that the last holder wrote must be visible.
fn the_last_holder_comes_first(is_cloned: fn(&TaskWaker) -> bool) {
    let (inbox, _) = Inbox::with_parker();
    let spare = task_waker(&inbox);
    let written = Arc::new(AtomicBool::new(false));
    let holder = {
        let (held, written) = (HeldClone::of(&spare), Arc::clone(&written));
        thread::spawn(move || {
            written.store(true, Ordering::Relaxed);
            drop(held);
        })
    };
    if !is_cloned(&spare) {
        assert!(written.load(Ordering::Relaxed), "the holder was not done");
    }
    holder.join().unwrap();
}

#[test]
fn what_the_last_holder_did_comes_before_the_next_binding() {
    explore_all(|| the_last_holder_comes_first(OwnedWaker::is_cloned));
}

#[test]
#[should_panic(expected = "the holder was not done")]
fn a_look_at_the_clones_without_a_fence_is_caught() {
    explore_all(|| {
        the_last_holder_comes_first(|spare| {
            let references = &spare.shared.references;
            references.exceed(OWN_REFERENCES, &spare.shared)
        });
    });
}
