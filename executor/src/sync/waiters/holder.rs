//! The holder of a lock, for listings.
//!
//! **Invariant:** a holder is plain data: its task may have ended, and is then
//! not named.
//!
//! Set by `Lock` through `waiters`.

use std::panic::Location;

use crate::base::slab::TaskKey;
use crate::base::task_info::LockHolder;
use crate::event_loop::runtime::Runtime;

/// The holder of a lock.
#[derive(Clone, Copy)]
pub(crate) struct Holder {
    /// `None` if it was locked outside of every task.
    pub(super) task: Option<TaskKey>,
    /// The id of the task's loop.
    pub(super) loop_id: u64,
    /// The line that locked it.
    pub(super) site: &'static Location<'static>,
}

impl Holder {
    pub(super) fn describe(self, runtime: &Runtime) -> LockHolder {
        let tasks = runtime.tasks.borrow();
        let task = self.task.filter(|_| self.loop_id == runtime.id());
        let task = task.and_then(|key| tasks.get(key));
        let task = task.filter(|task| !task.is_finished());
        LockHolder {
            task: task.map(|task| (task.identity.id, task.identity.name())),
            site: self.site,
        }
    }
}
