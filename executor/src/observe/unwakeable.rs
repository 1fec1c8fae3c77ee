//! Report of debug mode about tasks that nothing can ever wake.
//!
//! **Invariant:** a task is reported once, after a poll that returned `Pending`
//! and left no registration, no wake and no clone of the waker, but for those of
//! sets of futures that nothing can wake either.
//!
//! Subscribed by `attach`.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::{Rc, Weak};

use crate::base::clock::Nanos;
use crate::base::error::{JoinError, report};
use crate::base::hooks::{Ending, Hook, Interest, PARK, POLL, TASK};
use crate::base::slab::TaskKey;
use crate::base::task_info::{TaskState, Wait};
use crate::event_loop::runtime::Runtime;
use crate::spawn::listing::{describe, waits};

/// Reports the unwakeable tasks of one loop.
pub(super) struct UnwakeableReport {
    runtime: Weak<Runtime>,
    /// The tasks that were reported and have not ended.
    reported: RefCell<HashSet<TaskKey>>,
    /// The tasks to look at before the next park: all clones of their wakers may
    /// be those of sets.
    suspects: RefCell<HashSet<TaskKey>>,
}

impl UnwakeableReport {
    /// Subscribes to a loop.
    pub(super) fn subscribe(runtime: &Rc<Runtime>) {
        runtime.hooks.subscribe(Rc::new(UnwakeableReport {
            runtime: Rc::downgrade(runtime),
            reported: RefCell::default(),
            suspects: RefCell::default(),
        }));
    }

    fn report_if_unwakeable(
        &self,
        runtime: &Runtime,
        key: TaskKey,
        waits: &mut HashMap<TaskKey, Vec<Wait>>,
    ) {
        if self.reported.borrow().contains(&key) {
            return;
        }
        let waits = waits.remove(&key).unwrap_or_default();
        let tasks = runtime.tasks.borrow();
        let Some(task) = tasks.get(key) else { return };
        let info = describe(runtime, key, task, waits);
        if info.state() == TaskState::Unwakeable {
            self.reported.borrow_mut().insert(key);
            report(format_args!(
                "{} can never be woken: its future returned Pending and kept no waker. A future \
                 must store `cx.waker().clone()` and wake it, or poll one that does",
                info.identity
            ));
        }
    }
}

impl Hook for UnwakeableReport {
    fn interest(&self) -> Interest {
        POLL | TASK | PARK
    }

    /// Skips tasks that are registered or whose waker was cloned, which are most:
    /// what registered a task wakes it, or a stall lists it.
    fn poll_end(&self, key: TaskKey, how: Option<Ending>, registered: bool, clones: usize) {
        if how.is_some() || registered {
            return;
        }
        if clones > 0 {
            self.suspects.borrow_mut().insert(key);
        } else if let Some(runtime) = self.runtime.upgrade() {
            self.report_if_unwakeable(&runtime, key, &mut waits(&runtime));
        }
    }

    fn park_start(&self, _: Option<Nanos>) {
        let mut suspects = Vec::from_iter(self.suspects.take());
        suspects.sort_unstable_by_key(|key| key.index());
        let runtime = self.runtime.upgrade();
        let Some(runtime) = runtime.filter(|it| !it.waker_sets.borrow().is_empty()) else {
            return;
        };
        if suspects.is_empty() {
            return;
        }
        let mut waits = waits(&runtime);
        if runtime.inbox().has_messages() {
            // Another thread may have woken a task and then dropped its waker.
            self.suspects.borrow_mut().extend(suspects);
            return;
        }
        for key in suspects {
            self.report_if_unwakeable(&runtime, key, &mut waits);
        }
    }

    fn task_end(&self, key: TaskKey, _: Ending, _: Option<&JoinError>) {
        self.reported.borrow_mut().remove(&key);
        self.suspects.borrow_mut().remove(&key);
    }
}
