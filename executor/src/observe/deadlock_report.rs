//! Debug mode: reports a deadlock when it happens, though the rest of the
//! program continues.
//!
//! **Invariant:** each task is reported once for the deadlock it is in.
//!
//! Subscribed by `attach`. It looks before the loop parks: until then a task may
//! still release a lock.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::deadlock::Deadlock;
use crate::base::clock::Nanos;
use crate::base::error::report;
use crate::base::hooks::{Hook, Interest, PARK, WAIT};
use crate::base::slab::TaskKey;
use crate::base::task_info::TaskId;
use crate::event_loop::runtime::Runtime;

pub(super) struct DeadlockReport {
    runtime: Weak<Runtime>,
    /// Whether a task has begun to wait for a lock or a task since the last
    /// look.
    changed: Cell<bool>,
    /// The tasks of the last reported deadlock.
    reported: RefCell<Vec<TaskId>>,
}

impl DeadlockReport {
    pub(super) fn subscribe(runtime: &Rc<Runtime>) {
        runtime.hooks.subscribe(Rc::new(DeadlockReport {
            runtime: Rc::downgrade(runtime),
            changed: Cell::new(false),
            reported: RefCell::default(),
        }));
    }

    fn look(&self, runtime: &Runtime) {
        let tasks = runtime.list_tasks();
        if Deadlock::is_possible(&tasks) {
            // It may become certain without a new wait: when a timer fires, say.
            self.changed.set(true);
        }
        let Some(deadlock) = Deadlock::find(&tasks) else {
            return;
        };
        if runtime.inbox().has_messages() {
            // Another thread has woken a task since the loop looked, and then
            // dropped the waker that would have been in the listing.
            self.changed.set(true);
            return;
        }
        let cycle: Vec<_> = deadlock.cycle().collect();
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
                self.look(&runtime);
            }
        }
    }
}
