//! Detects that the process was forked since the loop first blocked.
//!
//! A forked child has a copy of the loop but none of the threads that would
//! wake it, so it must not park there. **Invariant:** the process id is read
//! only before the loop depends on another thread: when it parks, opens its
//! poller or submits a job.
//!
//! Owned by `park`; `process_id` also for the watchdog.

use std::cell::Cell;

/// Returns the id of this process; `None` on a system without processes, where
/// std's function panics.
pub(crate) fn process_id() -> Option<u32> {
    (!cfg!(target_family = "wasm")).then(std::process::id)
}

/// The process that a loop belongs to, once known.
#[derive(Default)]
pub(crate) struct OwnerPid(Cell<Option<u32>>);

impl OwnerPid {
    /// Records the current process as the owner, unless there is one.
    pub(crate) fn claim(&self) {
        self.0.set(self.0.get().or_else(process_id));
    }

    /// Returns whether this process is a forked child of the owner.
    pub(crate) fn is_forked_child(&self) -> bool {
        self.0.get().is_some() && self.0.get() != process_id()
    }

    /// Forgets the owner, for the next run.
    pub(crate) fn reset(&self) {
        self.0.set(None);
    }

    /// # Panics
    ///
    /// In a forked child.
    pub(crate) fn refuse_forked_child(&self) {
        self.claim();
        assert!(
            !self.is_forked_child(),
            "this loop belongs to the process that made it, and this is a forked child of that: \
             it cannot go on with its parent's loop. Start a new one there with \
             `executor::run(..)`, or fork before the loop runs"
        );
    }
}
