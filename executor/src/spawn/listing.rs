//! The current task and all tasks, with what each waits for.
//!
//! Nothing is recorded while tasks run: each part knows its waiters, and a
//! listing asks them all. **Invariant:** a listing polls no task and wakes no
//! waker.
//!
//! Called by users, by observers and, through the root of the crate, by a loop
//! that has stalled.

use std::collections::HashMap;
use std::rc::Weak;
use std::time::Duration;

use crate::base::slab::{Slab, TaskKey};
use crate::base::task_info::{TaskInfo, TaskState, Wait};
use crate::base::timers::NEVER;
use crate::event_loop::runtime::Runtime;
use crate::event_loop::task::Task;

/// Returns the running task, if there is one (asyncio: `current_task`).
///
/// In a destructor that a cancel runs it is the cancelled task; in the
/// destructor of an unread output, the task that made the output. Outside of
/// tasks it is `None`.
///
/// ```
/// assert!(executor::current_task().is_none());
/// executor::run(async {
///     let me = executor::current_task().unwrap();
///     assert_eq!(me.name(), "Task-1");
///     assert!(me.spawned_at().file().ends_with(".rs"));
/// });
/// ```
pub fn current_task() -> Option<TaskInfo> {
    Runtime::with(|runtime| {
        let key = runtime.poll.task()?;
        let tasks = runtime.tasks.borrow();
        Some(describe(runtime, key, tasks.get(key)?, Vec::new()))
    })
    .flatten()
}

/// Returns the tasks of the loop that runs on this thread which have not ended,
/// in order of spawning, with what each waits for (asyncio: `all_tasks`,
/// `print_call_graph`). Empty if no loop runs.
///
/// As in asyncio, a task that has ended is left out, though a handle may still
/// give its output.
///
/// ```
/// executor::run(async {
///     let task = executor::spawn_named("nap", executor::sleep(std::time::Duration::from_millis(1)));
///     executor::yield_now().await;
///     let nap = &executor::tasks()[1];
///     assert_eq!(nap.name(), "nap");
///     assert!(nap.to_string().contains("waits for sleep until"));
///     task.await.unwrap();
/// });
/// ```
pub fn tasks() -> Vec<TaskInfo> {
    Runtime::with(|runtime| list_tasks(runtime)).unwrap_or_default()
}

/// Returns the tasks of a loop that have not ended, in order of spawning.
pub(crate) fn list_tasks(runtime: &Runtime) -> Vec<TaskInfo> {
    let mut waits = waits(runtime);
    let tasks = runtime.tasks.borrow();
    let alive = tasks.iter().filter(|(_, task)| !task.is_finished());
    let list = alive.map(|(key, task)| {
        let waits = waits.remove(&key).unwrap_or_default();
        describe(runtime, key, task, waits)
    });
    let mut list: Vec<_> = list.collect();
    list.sort_unstable_by_key(|task| task.identity.id);
    list
}

/// Describes a task that has these waits.
pub(crate) fn describe(
    runtime: &Runtime,
    key: TaskKey,
    task: &Task,
    mut waits: Vec<Wait>,
) -> TaskInfo {
    if task.is_waker_cloned() {
        waits.push(Wait::Waker);
    }
    let state = if task.is_finished() {
        TaskState::Finished
    } else if runtime.poll.is_polling(key) {
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
pub(crate) fn waits(runtime: &Runtime) -> HashMap<TaskKey, Vec<Wait>> {
    let mut waits: HashMap<TaskKey, Vec<Wait>> = HashMap::new();
    let mut add = |task, wait| waits.entry(task).or_default().push(wait);
    let now = runtime.clock.now();
    for (task, deadline) in runtime.timers.borrow().waits() {
        let left = match deadline {
            NEVER => Duration::MAX,
            _ => Duration::from_nanos(deadline.saturating_sub(now)),
        };
        add(task, Wait::Sleep(left));
    }
    for (_, awaited) in runtime.tasks.borrow().iter() {
        if let Some(by) = awaited.waiter.task {
            let (task, name) = (awaited.identity.id, awaited.identity.name());
            add(by, Wait::Join { task, name });
        }
    }
    let listeners = runtime.cancel_listeners.borrow();
    for (_, listener) in listeners.values().flat_map(Slab::iter) {
        if let Some(task) = listener.task {
            add(task, Wait::Cancel);
        }
    }
    let points = runtime.wait_points.borrow();
    let points: Vec<_> = points.iter().filter_map(Weak::upgrade).collect();
    for point in points {
        point.waits(runtime, &mut add);
    }
    waits
}
