//! Model check of the wakers of a large set of futures.
//!
//! **Invariant:** the check of the real order stands beside a wrong one, of
//! which the checker must say that it fails.
//!
//! Bounds: two threads that wake one child, and the owner of the set; at most
//! three preemptions.

use loom::thread;

use super::*;
use crate::sys::Parker;
use crate::sys::modelled::explore;

/// The task that owns the set: a wake ends its sleep.
struct Owner(Parker);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Two threads set a flag each, without any order of its own, and wake the
/// same child. The owner polls the child whenever it is on the roll and must
/// end up having seen both.
fn no_wake_is_lost(clear: fn(&ChildWaker)) {
    let owner = Arc::new(Owner(Parker::for_this_thread()));
    let waiter = Waker::from(Arc::clone(&owner));
    let mut set = OwnWakers::new();
    let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
    let child = Arc::clone(&set.spare);
    let threads = [0, 1].map(|at| {
        let (child, flags) = (Arc::clone(&child), Arc::clone(&flags));
        thread::spawn(move || {
            flags[at].store(true, Ordering::Relaxed);
            child.wake_by_ref();
        })
    });
    loop {
        set.call_roll(&waiter, false);
        let mut seen = [false, false];
        while set.next().is_some() {
            clear(&child);
            // The poll.
            seen = flags.each_ref().map(|flag| flag.load(Ordering::Relaxed));
        }
        if seen == [true, true] {
            break;
        }
        owner.0.park(None);
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_poll_of_a_child_sees_what_was_written_before_each_wake() {
    explore(|| no_wake_is_lost(ChildWaker::leave_roll));
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_mark_that_is_cleared_by_a_store_is_caught() {
    explore(|| {
        no_wake_is_lost(|child| child.queued.store(false, Ordering::Release));
    });
}
