//! Wakers, for tasks and for the members of a large `gather`.
//!
//! **Invariant:** a waker holds a *key*, never the future. This is what lets
//! tasks be `!Send` while their wakers go to any thread, in safe Rust; it also
//! means that a waker which outlives its task or its loop wakes nothing.
//!
//! # Late binding
//!
//! Most polls never clone their waker: a sleep, a join or a lock of this crate
//! records the task's key instead (a [`Waiter`](crate::base::waiter::Waiter)).
//! So the caller of a poll owns one *spare* waker and passes it on, and a
//! task gets a waker of its own only when a poll kept a clone. A million
//! sleeping tasks share one waker, and spawning allocates none.
//!
//! Made by `poll`, `scope` and `combine`; used by whatever a future waits for.

#[cfg(all(test, executor_loom))]
pub(crate) mod model;

use std::task::{Wake, Waker};

use crate::base::inbox::Inbox;
use crate::base::sys::{Arc, AtomicBool, AtomicU64, Ordering, References, fence};

/// The receiver of wakes: a loop's inbox (see `wake`), or the list of woken
/// members of a gather.
pub(crate) trait WakeTarget: Send + Sync + 'static {
    /// Wakes the party with this key. `notified` is set from the first wake to
    /// the next poll.
    fn wake(this: &Arc<Self>, key: u64, notified: &AtomicBool);
}

/// The waker of a task.
pub(crate) type TaskWaker = OwnedWaker<Inbox>;

/// The allocation behind a waker and its clones.
struct Shared<T> {
    /// Changes only while no clone exists.
    key: AtomicU64,
    /// Whether a wake was sent since the last poll.
    notified: AtomicBool,
    target: Arc<T>,
    references: References,
}

impl<T: WakeTarget> Wake for Shared<T> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let key = self.key.load(Ordering::Relaxed);
        T::wake(&self.target, key, &self.notified);
    }
}

/// A waker and its shared part, which can tell whether a clone was kept.
pub(crate) struct OwnedWaker<T: WakeTarget> {
    shared: Arc<Shared<T>>,
    waker: Waker,
}

/// `shared` and `waker` are two references to one allocation.
const OWN_REFERENCES: usize = 2;

impl<T: WakeTarget> OwnedWaker<T> {
    /// Creates a waker that has no key yet.
    pub(crate) fn unbound(target: &Arc<T>) -> Self {
        let shared = Arc::new(Shared {
            key: AtomicU64::new(0),
            notified: AtomicBool::new(false),
            target: Arc::clone(target),
            references: References::new(),
        });
        let waker = Waker::from(Arc::clone(&shared));
        OwnedWaker { shared, waker }
    }

    #[inline]
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    #[inline]
    pub(crate) fn is_cloned(&self) -> bool {
        if self.shared.references.exceed(OWN_REFERENCES, &self.shared) {
            return true;
        }
        // Another thread may have dropped the last clone a moment ago: what it
        // did before must be visible to what this thread does now.
        fence(Ordering::Acquire);
        false
    }

    /// Counts the clones, as far as possible while other threads drop theirs.
    pub(crate) fn clones(&self) -> usize {
        Arc::strong_count(&self.shared).saturating_sub(OWN_REFERENCES)
    }

    /// Gives the waker another key. Only while it is not [cloned](Self::is_cloned).
    #[inline]
    pub(crate) fn bind(&self, key: u64) {
        debug_assert!(!self.is_cloned(), "a clone would wake the new key");
        self.shared.key.store(key, Ordering::Relaxed);
        self.shared.notified.store(false, Ordering::Relaxed);
    }

    /// Called before each poll with a cloned waker: from here on a wake needs a
    /// message of its own.
    fn clear_notified(&self) {
        if self.shared.notified.load(Ordering::Relaxed) {
            self.shared.notified.swap(false, Ordering::AcqRel);
        }
    }

    /// If a clone was kept, returns the waker, which belongs to the last key
    /// from now on, and puts a new one in its place.
    #[inline(always)]
    pub(crate) fn replace_if_cloned(&mut self) -> Option<Self> {
        self.is_cloned().then(|| self.replace())
    }

    #[cold]
    fn replace(&mut self) -> Self {
        let fresh = Self::unbound(&self.shared.target);
        std::mem::replace(self, fresh)
    }
}

/// Returns the waker for a poll: the party's own, or the spare one, bound to it.
#[inline]
pub(crate) fn poll_waker<'a, T: WakeTarget>(
    own: Option<&'a OwnedWaker<T>>,
    spare: &'a OwnedWaker<T>,
    key: u64,
) -> &'a OwnedWaker<T> {
    match own {
        Some(own) => {
            own.clear_notified();
            own
        }
        None => {
            spare.bind(key);
            spare
        }
    }
}
