//! What every task is doing, found out when somebody asks.
//!
//! Nothing is recorded while tasks run: each organ knows who waits on it, and
//! this file asks them all. **Invariant:** no task is polled and no waker
//! woken because of a listing.

use std::collections::HashMap;
use std::time::Duration;

use super::{Holder, Runtime};
use crate::error::report;
use crate::info::{LockHolder, TaskId, TaskInfo, TaskState, Wait};
use crate::reactor::Direction;
use crate::slab::TaskKey;
use crate::task::Task;
use crate::timers::NEVER;

impl Runtime {
    /// All tasks, in order of spawning.
    pub(crate) fn list_tasks(&self) -> Vec<TaskInfo> {
        let mut waits = self.waits();
        let tasks = self.tasks.borrow();
        let mut list: Vec<_> = tasks
            .iter()
            .map(|(key, task)| self.describe(key, task, waits.remove(&key).unwrap_or_default()))
            .collect();
        list.sort_unstable_by_key(|task| task.identity.id);
        list
    }

    /// The task being polled.
    pub(crate) fn describe_polled(&self) -> Option<TaskInfo> {
        let key = self.polled_task()?;
        let tasks = self.tasks.borrow();
        Some(self.describe(key, tasks.get(key)?, Vec::new()))
    }

    /// Debug mode: tells, once, of a task that returned `Pending` though
    /// nothing can ever wake it again.
    pub(crate) fn report_if_unwakeable(&self, key: TaskKey) {
        // A leaf of ours wrote the task down during the poll: it will wake it,
        // or the listing will show what became of it. Spares most the search.
        if self.registered.take() || self.ready.is_queued(key) {
            return;
        }
        let waits = self.waits().remove(&key).unwrap_or_default();
        let mut tasks = self.tasks.borrow_mut();
        let Some(task) = tasks.get_mut(key).filter(|task| !task.reported) else {
            return;
        };
        let info = self.describe(key, task, waits);
        if info.state == TaskState::Unwakeable {
            task.reported = true;
            report(format_args!(
                "{} can never be woken: its future returned Pending and kept no waker. A future \
                 must store `cx.waker().clone()` and wake it, or poll one that does",
                info.identity
            ));
        }
    }

    fn describe(&self, key: TaskKey, task: &Task, mut waits: Vec<Wait>) -> TaskInfo {
        if task.is_waker_cloned() {
            waits.push(Wait::Waker);
        }
        let state = if task.is_finished() {
            TaskState::Finished
        } else if self.polled_task() == Some(key) || self.suspended.borrow().contains(&key) {
            TaskState::Running
        } else if self.ready.is_queued(key) {
            TaskState::Ready
        } else if waits.is_empty() {
            TaskState::Unwakeable
        } else {
            TaskState::Waiting
        };
        if state != TaskState::Waiting {
            waits.clear();
        }
        TaskInfo {
            identity: task.identity.clone(),
            parent: task.parent,
            state,
            waits,
        }
    }

    fn ids(&self, keys: &[TaskKey]) -> Vec<TaskId> {
        let tasks = self.tasks.borrow();
        let ids = keys.iter().filter_map(|key| tasks.get(*key));
        let mut ids: Vec<_> = ids.map(|task| task.identity.id).collect();
        ids.sort_unstable();
        ids
    }

    fn describe_holder(&self, holder: Holder) -> LockHolder {
        let tasks = self.tasks.borrow();
        let task = holder.task.filter(|_| holder.home == self.number());
        let task = task
            .and_then(|key| tasks.get(key))
            .filter(|task| !task.is_finished());
        LockHolder {
            task: task.map(|task| (task.identity.id, task.identity.name())),
            site: holder.site,
        }
    }

    /// Who waits for what, as the organs know it.
    fn waits(&self) -> HashMap<TaskKey, Vec<Wait>> {
        let mut waits: HashMap<TaskKey, Vec<Wait>> = HashMap::new();
        let mut add = |task, wait| waits.entry(task).or_default().push(wait);
        let now = self.clock.now();
        for (task, deadline) in self.timers.borrow().waits() {
            let left = match deadline {
                NEVER => Duration::MAX,
                _ => Duration::from_nanos(deadline.saturating_sub(now)),
            };
            add(task, Wait::Sleep(left));
        }
        for (_, awaited) in self.tasks.borrow().iter() {
            if let Some(task) = awaited.waiter.task {
                add(
                    task,
                    Wait::Join {
                        task: awaited.identity.id,
                        name: awaited.identity.name(),
                    },
                );
            }
        }
        let scopes = self.ready.scope_waits().into_iter();
        let mut scopes: Vec<_> = scopes
            .map(|(owner, children)| (self.ids(&children), owner))
            .collect();
        scopes.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (children, owner) in scopes {
            add(owner, Wait::Scope(children));
        }
        for task in self.listening() {
            add(task, Wait::Cancel);
        }
        self.with_sources(|reactor| {
            for wait in reactor.waits() {
                let readable = wait.direction == Direction::Read;
                let (fd, peer) = (wait.fd, wait.peer);
                add(wait.task, Wait::Socket { readable, fd, peer });
            }
        });
        for (_, job) in self.jobs.borrow().iter() {
            if let Some(task) = job.waiter.task {
                let (site, since) = (job.site, job.since.elapsed());
                add(task, Wait::Job { site, since });
            }
        }
        self.waits
            .each(self.number(), &mut |task, mut wait, holder| {
                if let Wait::Lock { holder: place, .. } = &mut wait {
                    *place = holder.map(|holder| self.describe_holder(holder));
                }
                add(task, wait);
            });
        waits
    }
}
