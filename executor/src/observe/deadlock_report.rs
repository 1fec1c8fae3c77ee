//! Deadlock report of debug mode, made while the rest of the program continues.
//!
//! The tasks are listed before the loop parks: until then a ready task may still
//! release a lock. **Invariant:** two reports in a row are about different
//! cycles.
//!
//! Subscribed by `attach`. Imports `deadlock`.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::deadlock::Deadlock;
use crate::base::clock::Nanos;
use crate::base::error::report;
use crate::base::hooks::{Hook, Interest, PARK, WAIT};
use crate::base::slab::TaskKey;
use crate::base::task_info::TaskId;
use crate::event_loop::runtime::Runtime;
use crate::spawn::listing::list_tasks;

/// Reports the deadlocks of one loop.
pub(super) struct DeadlockReport {
    runtime: Weak<Runtime>,
    /// Whether the tasks are to be listed before the next park: a task has begun
    /// to wait for a lock or a task, or an earlier wait may become a deadlock.
    changed: Cell<bool>,
    /// The cycle of the last reported deadlock.
    reported: RefCell<Vec<TaskId>>,
}

impl DeadlockReport {
    /// Subscribes to a loop.
    pub(super) fn subscribe(runtime: &Rc<Runtime>) {
        runtime.hooks.subscribe(Rc::new(DeadlockReport {
            runtime: Rc::downgrade(runtime),
            changed: Cell::new(false),
            reported: RefCell::default(),
        }));
    }

    fn report_if_deadlocked(&self, runtime: &Runtime) {
        let tasks = list_tasks(runtime);
        if Deadlock::is_possible(&tasks) {
            // A deadlock may become certain without a new wait: when a timer
            // fires, for example.
            self.changed.set(true);
        }
        let Some(deadlock) = Deadlock::find(&tasks) else {
            return;
        };
        if runtime.inbox().has_messages() {
            // Another thread may have woken a task and then dropped its waker,
            // which would have been in the listing.
            self.changed.set(true);
            return;
        }
        let cycle: Vec<_> = deadlock.cycle_ids().collect();
        let mut reported = self.reported.borrow_mut();
        if !cycle.iter().all(|task| reported.contains(task)) {
            *reported = cycle;
            report(format_args!("{deadlock}"));
        }
    }
}

impl Hook for DeadlockReport {
    fn interest(&self) -> Interest {
        WAIT | PARK
    }

    fn join_wait(&self, _: TaskKey, _: Option<TaskKey>) {
        self.changed.set(true);
    }

    fn sync_wait(&self) {
        self.changed.set(true);
    }

    fn park_start(&self, _: Option<Nanos>) {
        if self.changed.take() {
            if let Some(runtime) = self.runtime.upgrade() {
                self.report_if_deadlocked(&runtime);
            }
        }
    }
}
