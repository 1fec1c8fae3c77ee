//! Model checks of the waker: the flag `mailed`, and the look at the clones.
//!
//! **Invariant:** each check of the real order stands beside a wrong one, of
//! which the checker must say that it fails.
//!
//! Bounds: two threads that wake and the loop, at most three preemptions.

use loom::thread;

use super::*;
use crate::slab::{Slab, of};
use crate::sys::modelled::{explore, explore_all};

/// A clone of a task's waker that goes to another thread. Its coming and going
/// is counted where the checker sees it.
pub(crate) struct Kept(Arc<TaskWaker>);

impl Kept {
    pub(crate) fn of(waker: &OwnedWaker) -> Self {
        waker.shared.holders.join();
        Kept(Arc::clone(&waker.shared))
    }

    pub(crate) fn wake(&self) {
        self.0.wake_by_ref();
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.holders.leave();
    }
}

fn a_task() -> TaskKey {
    Slab::<of::Task, ()>::default().insert(())
}

type Clear = fn(&OwnedWaker);

/// Two threads set a flag each, without any order of its own, and wake. The
/// loop polls after each letter and must end up having seen both.
fn no_wake_is_lost(clear: Clear) {
    let mailbox = Arc::new(Mailbox::new());
    let own = OwnedWaker::unbound(&mailbox);
    own.bind(a_task());
    let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
    let threads = [0, 1].map(|at| {
        let (kept, flags) = (Kept::of(&own), Arc::clone(&flags));
        thread::spawn(move || {
            flags[at].store(true, Ordering::Relaxed);
            kept.wake();
        })
    });
    loop {
        clear(&own);
        // The poll.
        let seen = flags.each_ref().map(|flag| flag.load(Ordering::Relaxed));
        if seen == [true, true] {
            break;
        }
        // Until a letter comes.
        while !mailbox.has_mail() {
            mailbox.park(None);
        }
        mailbox.take_mail(&mut Vec::new());
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_poll_sees_what_was_written_before_each_wake() {
    explore(|| no_wake_is_lost(OwnedWaker::clear_mailed));
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_flag_that_is_cleared_by_a_store_is_caught() {
    explore(|| {
        no_wake_is_lost(|own| own.shared.mailed.store(false, Ordering::Release));
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_flag_that_is_never_cleared_is_caught() {
    explore(|| no_wake_is_lost(|_| ()));
}

/// The loop lends its spare waker to the next task as soon as nobody holds a
/// clone: then everything that the last holder wrote must be seen.
fn the_last_holder_comes_first(is_cloned: fn(&OwnedWaker) -> bool) {
    let mailbox = Arc::new(Mailbox::new());
    let spare = OwnedWaker::unbound(&mailbox);
    spare.bind(a_task());
    let written = Arc::new(AtomicBool::new(false));
    let holder = {
        let (kept, written) = (Kept::of(&spare), Arc::clone(&written));
        thread::spawn(move || {
            written.store(true, Ordering::Relaxed);
            drop(kept);
        })
    };
    if !is_cloned(&spare) {
        assert!(written.load(Ordering::Relaxed), "the holder was not done");
    }
    holder.join().unwrap();
}

#[test]
fn what_the_last_holder_did_comes_before_the_next_loan() {
    explore_all(|| {
        the_last_holder_comes_first(OwnedWaker::is_cloned);
    });
}

#[test]
#[should_panic(expected = "the holder was not done")]
fn a_look_at_the_clones_without_a_fence_is_caught() {
    explore_all(|| {
        the_last_holder_comes_first(|spare| {
            let holders = &spare.shared.holders;
            holders.are_more_than(OUR_OWN_REFERENCES, &spare.shared)
        });
    });
}
