//! What a `Waker` is made of: a task's key, a flag, and the way to its loop's
//! mail slot.
//!
//! **Invariant:** a waker holds a *name*, never the future. That one choice is
//! what lets tasks be `!Send` while their wakers go to any thread, in safe
//! Rust; it also means that a waker which outlives its task, or the whole
//! loop, names nothing and does nothing.
//!
//! Made by `run` when it polls; used by whoever waits. Calls `ready`.
//!
//! # Bound late
//!
//! Most polls never clone their waker: a sleep, a join or a lock of this crate
//! writes down the task's key instead ([`Waiter`]). So the loop owns one spare
//! waker and lends it to whichever task it polls next, and a task gets a waker
//! of its own only when somebody kept a clone. A million sleeping tasks share
//! one waker, and spawning allocates none.

use std::task::{Wake, Waker};

use crate::ready::{self, Mail, Mailbox};
use crate::slab::TaskKey;
use crate::sys::{Arc, AtomicBool, AtomicU64, Ordering, fence};

/// The shared part of a waker.
pub(crate) struct TaskWaker {
    /// The task's key as bits. Changes only while nobody else has a clone.
    task: AtomicU64,
    /// Is a wake in the mail already? Cleared before each poll, like the mark
    /// in the queue; this one is for other threads.
    mailed: AtomicBool,
    mailbox: Arc<Mailbox>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some(task) = TaskKey::from_bits(self.task.load(Ordering::Relaxed)) else {
            return; // not bound yet, so nobody has it
        };
        if !ready::wake_here(&self.mailbox, task) {
            self.wake_from_afar(task);
        }
    }
}

impl TaskWaker {
    #[cold]
    fn wake_from_afar(&self, task: TaskKey) {
        // The swap is also what hands over the memory that this thread wrote
        // before the wake, when the letter of an earlier wake stands for both.
        if !self.mailed.swap(true, Ordering::AcqRel) {
            // A closed loop gives the letter back: nobody is left to wake.
            let _ = self.mailbox.post(Mail::Wake(task));
        }
    }
}

/// A waker as its loop keeps it: ready to lend, and able to tell whether
/// anybody kept a clone.
pub(crate) struct OwnedWaker {
    shared: Arc<TaskWaker>,
    waker: Waker,
}

/// `shared` and `waker` are two references to one thing.
const OUR_OWN_REFERENCES: usize = 2;

impl OwnedWaker {
    /// A waker that names nobody yet.
    pub(crate) fn unbound(mailbox: &Arc<Mailbox>) -> Self {
        let shared = Arc::new(TaskWaker {
            task: AtomicU64::new(0),
            mailed: AtomicBool::new(false),
            mailbox: Arc::clone(mailbox),
        });
        let waker = Waker::from(Arc::clone(&shared));
        OwnedWaker { shared, waker }
    }

    #[inline]
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Has anybody kept a clone?
    #[inline]
    pub(crate) fn is_cloned(&self) -> bool {
        if Arc::strong_count(&self.shared) > OUR_OWN_REFERENCES {
            return true;
        }
        // The last clone may have gone on another thread a moment ago: what it
        // did there must come before what we do now.
        fence(Ordering::Acquire);
        false
    }

    /// How many clones are alive, as far as can be told while other threads
    /// may drop theirs.
    pub(crate) fn clones(&self) -> usize {
        Arc::strong_count(&self.shared).saturating_sub(OUR_OWN_REFERENCES)
    }

    /// Gives the waker to another task; only while it [is not
    /// cloned](Self::is_cloned).
    #[inline]
    pub(crate) fn bind(&self, task: TaskKey) {
        debug_assert!(
            !self.is_cloned(),
            "a clone would begin to wake another task"
        );
        self.shared.task.store(task.to_bits(), Ordering::Relaxed);
        self.shared.mailed.store(false, Ordering::Relaxed);
    }

    /// If anybody kept a clone, it belongs to the task that was polled from now
    /// on: gives it, and puts a new one in its place.
    #[inline(always)]
    pub(crate) fn replace_if_cloned(&mut self) -> Option<OwnedWaker> {
        if !self.is_cloned() {
            return None;
        }
        Some(self.replace())
    }

    #[cold]
    fn replace(&mut self) -> OwnedWaker {
        let fresh = OwnedWaker::unbound(&self.shared.mailbox);
        std::mem::replace(self, fresh)
    }

    /// To be called before each poll with a waker that was cloned: from here
    /// on a wake from another thread needs a letter of its own.
    pub(crate) fn clear_mailed(&self) {
        if self.shared.mailed.load(Ordering::Relaxed) {
            self.shared.mailed.swap(false, Ordering::AcqRel);
        }
    }
}

/// The waker for a poll: the task's own, or the spare one, bound to it.
#[inline]
pub(crate) fn lend<'a>(
    own: &'a Option<Box<OwnedWaker>>,
    spare: &'a OwnedWaker,
    task: TaskKey,
) -> &'a OwnedWaker {
    match own {
        Some(own) => {
            own.clear_mailed();
            own
        }
        None => {
            spare.bind(task);
            spare
        }
    }
}

/// After a poll: the waker that the task keeps. If a clone of the spare one
/// was kept somewhere, it is the task's from now on.
#[inline(always)]
pub(crate) fn keep_if_cloned(
    own: Option<Box<OwnedWaker>>,
    spare: &mut OwnedWaker,
) -> Option<Box<OwnedWaker>> {
    if own.is_some() {
        return own;
    }
    spare.replace_if_cloned().map(Box::new)
}

/// Who is to be told when something happens: a task, and a waker if the one in
/// hand was not that task's own.
pub(crate) struct Waiter {
    /// The task that was being polled: the name for reports, and all that is
    /// needed to wake it if there is no waker. `None` if the poll came from
    /// somebody else's executor.
    pub(crate) task: Option<TaskKey>,
    pub(crate) waker: Option<Waker>,
}

impl Waiter {
    pub(crate) const NOBODY: Waiter = Waiter {
        task: None,
        waker: None,
    };

    pub(crate) fn is_somebody(&self) -> bool {
        self.task.is_some() || self.waker.is_some()
    }

    /// Leaves nobody behind.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Waiter::NOBODY)
    }
}
