//! Model check of the woken list of a large set of futures.
//!
//! **Invariant:** the check of the real order is beside one of a wrong order,
//! which the checker must find.
//!
//! Bounds: two threads that wake one member, and the task that polls the set; at
//! most three preemptions.

use std::mem::ManuallyDrop;
use std::task::Wake;

use loom::thread;

use super::*;
use crate::base::inbox::Unpark;
use crate::base::sys::Parker;
use crate::base::sys::modelled::explore;
use crate::event_loop::waker::model::clear_by_a_store;

/// The waker of the task that polls the set: it unparks the thread.
struct Unparking(Parker);

impl Wake for Unparking {
    fn wake(self: Arc<Self>) {
        self.0.unpark().unwrap();
    }
}

/// How a round polls a woken member; the closure stands for its future.
type PollMember = fn(&mut WokenMembers, &mut OwnWakers, usize, &mut dyn FnMut());

/// Two threads set a flag each, relaxed, and wake the same member. The task
/// polls the member whenever it is in the woken list and must have seen both in
/// the end.
fn no_wake_is_lost(poll: PollMember) {
    let parker = Parker::for_this_thread();
    let waiter = Waker::from(Arc::new(Unparking(parker.clone())));
    // Its destructor locks, which a model that has failed must not do.
    let mut members = ManuallyDrop::new(WokenMembers::new(0));
    // The first poll keeps a clone, so the spare waker becomes the member's own.
    let mut kept = None;
    let own = &mut OwnWakers::new();
    let _ = members.poll(own, 0, |cx| {
        kept = Some(cx.waker().clone());
        Poll::<()>::Pending
    });
    let kept = kept.expect("it was polled");
    let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
    let threads = [0, 1].map(|at| {
        let (kept, flags) = (kept.clone(), Arc::clone(&flags));
        thread::spawn(move || {
            flags[at].store(true, Ordering::Relaxed);
            kept.wake_by_ref();
        })
    });
    loop {
        members.start_round(&waiter, false);
        let mut seen = [false, false];
        while let Some(index) = members.next(1) {
            poll(&mut members, own, index, &mut || {
                seen = flags.each_ref().map(|flag| flag.load(Ordering::Relaxed));
            });
        }
        if seen == [true, true] {
            break;
        }
        parker.park(None);
    }
    for thread in threads {
        thread.join().unwrap();
    }
    drop(ManuallyDrop::into_inner(members));
}

#[test]
fn a_poll_of_a_member_sees_what_was_written_before_each_wake() {
    explore(|| {
        no_wake_is_lost(|members, own, index, future| {
            let _ = members.poll(own, index, |_| {
                future();
                Poll::<()>::Pending
            });
        });
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_member_whose_flag_is_cleared_by_a_store_is_caught() {
    explore(|| {
        no_wake_is_lost(|_, own, index, future| {
            clear_by_a_store(own[index].as_ref().expect("a clone was kept"));
            future();
        });
    });
}
