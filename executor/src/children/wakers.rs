//! A waker for each child, and the roll on which it writes who was woken.
//!
//! **Invariant:** a child is on the roll at most once; and whoever waits for
//! the set is told of the first wake after each roll-call.

use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

use crate::sys::{Arc, AtomicBool, AtomicU64, Mutex, Ordering, fence, lock};

#[cfg(all(test, executor_loom))]
mod model;

/// The wakers of one set.
pub(super) struct OwnWakers {
    roll: Arc<Roll>,
    /// Lent to futures that keep no clone, as the loop does with tasks.
    spare: Arc<ChildWaker>,
    spare_waker: Waker,
    /// Wakers that were kept, by index.
    kept: Vec<Option<Kept>>,
    /// Who is to be polled in this round, and how far it is.
    round: Vec<u32>,
    next: usize,
}

struct Kept {
    child: Arc<ChildWaker>,
    waker: Waker,
}

/// Who was woken; shared with the wakers.
struct Roll {
    woken: Mutex<Woken>,
}

#[derive(Default)]
struct Woken {
    children: Vec<u32>,
    /// Who waits for the set; `None` once told.
    waiter: Option<Waker>,
}

struct ChildWaker {
    index: AtomicU64,
    /// Is it on the roll?
    queued: AtomicBool,
    roll: Arc<Roll>,
}

impl Wake for ChildWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let waiter = {
            let mut woken = lock(&self.roll.woken);
            woken
                .children
                .push(self.index.load(Ordering::Relaxed) as u32);
            woken.waiter.take()
        };
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

/// `spare` and `spare_waker` are two references to one thing.
const OUR_OWN_REFERENCES: usize = 2;

impl OwnWakers {
    pub(super) fn new() -> Self {
        let roll = Arc::new(Roll {
            woken: Mutex::default(),
        });
        let (spare, spare_waker) = ChildWaker::new(&roll);
        OwnWakers {
            roll,
            spare,
            spare_waker,
            kept: Vec::new(),
            round: Vec::new(),
            next: 0,
        }
    }

    /// Takes those that were woken into the round, behind what the last one
    /// left, and asks for `waiter` to be told of the next.
    pub(super) fn call_roll(&mut self, waiter: &Waker, by_index: bool) {
        self.round.drain(..self.next);
        self.next = 0;
        let displaced = {
            let mut woken = lock(&self.roll.woken);
            if self.round.is_empty() {
                std::mem::swap(&mut self.round, &mut woken.children);
            } else {
                self.round.append(&mut woken.children);
            }
            woken.waiter.replace(waiter.clone())
        };
        drop(displaced);
        if by_index {
            self.round.sort_unstable();
        }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<usize> {
        let index = *self.round.get(self.next)?;
        self.next += 1;
        Some(index as usize)
    }

    pub(super) fn put_back(&mut self, index: usize) {
        self.round.insert(self.next, index as u32);
    }

    /// Polls with the future's own waker, or with the spare one, which becomes
    /// the future's own if it keeps a clone.
    #[inline]
    pub(super) fn poll<F: Future>(&mut self, index: usize, future: Pin<&mut F>) -> Poll<F::Output> {
        if let Some(Some(kept)) = self.kept.get(index) {
            kept.child.leave_roll();
            return future.poll(&mut Context::from_waker(&kept.waker));
        }
        self.spare.index.store(index as u64, Ordering::Relaxed);
        self.spare.leave_roll();
        let poll = future.poll(&mut Context::from_waker(&self.spare_waker));
        if Arc::strong_count(&self.spare) > OUR_OWN_REFERENCES {
            self.keep_spare(index);
        }
        fence(Ordering::Acquire);
        poll
    }

    fn keep_spare(&mut self, index: usize) {
        let (spare, spare_waker) = ChildWaker::new(&self.roll);
        let kept = Kept {
            child: std::mem::replace(&mut self.spare, spare),
            waker: std::mem::replace(&mut self.spare_waker, spare_waker),
        };
        if self.kept.len() <= index {
            self.kept.resize_with(index + 1, || None);
        }
        self.kept[index] = Some(kept);
    }
}

impl ChildWaker {
    fn new(roll: &Arc<Roll>) -> (Arc<Self>, Waker) {
        let child = Arc::new(ChildWaker {
            index: AtomicU64::new(0),
            queued: AtomicBool::new(false),
            roll: Arc::clone(roll),
        });
        let waker = Waker::from(Arc::clone(&child));
        (child, waker)
    }

    /// To be called before each poll: from here on a wake writes the child down
    /// again.
    fn leave_roll(&self) {
        // A swap, not a store: a wake that found the child on the roll already
        // left nothing but its mark there, and what its thread wrote before
        // must be seen by the poll that follows.
        self.queued.swap(false, Ordering::AcqRel);
    }
}
