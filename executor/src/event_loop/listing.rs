//! Task listings: what every task waits for, found out on demand.
//!
//! Nothing is recorded while tasks run: each part knows its waiters, and this
//! file asks them all. **Invariant:** a listing polls no task and wakes no
//! waker.
//!
//! Called by `run` for a stall, by `spawn` and by observers.

use std::collections::HashMap;
use std::rc::Weak;
use std::time::Duration;

use super::runtime::{Runtime, WaitPoint};
use super::task::Task;
use crate::base::slab::TaskKey;
use crate::base::task_info::{TaskInfo, TaskState, Wait};
use crate::base::timers::NEVER;

/// How many wait points are kept before dropped ones are removed.
const FEW: usize = 64;

impl Runtime {
    /// Registers a wait point: once for each point and loop, not for each wait.
    #[cold]
    pub(crate) fn register_wait_point(&self, point: Weak<dyn WaitPoint>) {
        let all = &mut *self.wait_points.borrow_mut();
        if all.points.len() >= all.sweep_above.max(FEW) {
            all.points.retain(|point| point.strong_count() > 0);
            // Twice the rest: each registration pays for two, however many.
            all.sweep_above = all.points.len() * 2;
        }
        all.points.push(point);
    }

    /// Returns all tasks, in order of spawning.
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

    /// Returns the task whose code runs.
    pub(crate) fn current_task(&self) -> Option<TaskInfo> {
        let key = self.poll.task()?;
        let tasks = self.tasks.borrow();
        Some(self.describe(key, tasks.get(key)?, Vec::new()))
    }

    pub(crate) fn describe(&self, key: TaskKey, task: &Task, mut waits: Vec<Wait>) -> TaskInfo {
        if task.is_waker_cloned() {
            waits.push(Wait::Waker);
        }
        let state = if task.is_finished() {
            TaskState::Finished
        } else if self.poll.is_polling(key) {
            TaskState::Running
        } else if task.is_woken {
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

    /// Collects the waits of all tasks.
    pub(crate) fn waits(&self) -> HashMap<TaskKey, Vec<Wait>> {
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
            if let Some(by) = awaited.waiter.task {
                let (task, name) = (awaited.identity.id, awaited.identity.name());
                add(by, Wait::Join { task, name });
            }
        }
        for waiter in self.cancel_listeners.borrow().values().flatten() {
            waiter
                .1
                .task
                .into_iter()
                .for_each(|task| add(task, Wait::Cancel));
        }
        for (_, job) in self.jobs.pending.borrow().iter() {
            if let Some(task) = job.waiter.task {
                let (site, since) = (job.site, job.since.elapsed());
                add(task, Wait::Job { site, since });
            }
        }
        let points = self.wait_points.borrow();
        let points: Vec<_> = points.points.iter().filter_map(Weak::upgrade).collect();
        for point in points {
            point.waits(self, &mut add);
        }
        waits
    }
}
