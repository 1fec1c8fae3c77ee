//! Tasks as the loop lists them.

use executor::{JoinHandle, RunError, TaskInfo, TaskState, Wait, tasks, yield_now};

/// The row of a task in the listing of the loop.
pub(crate) fn described<T>(task: &JoinHandle<T>) -> TaskInfo {
    let mut all = tasks().into_iter();
    all.find(|info| info.id() == task.id())
        .expect("the task is alive")
}

/// Yields until a task waits for something.
pub(crate) async fn until_waiting<T>(task: &JoinHandle<T>) {
    while described(task).state() != TaskState::Waiting {
        yield_now().await;
    }
}

/// The tasks that a stall error lists.
#[track_caller]
pub(crate) fn stalled_tasks<T: std::fmt::Debug>(result: Result<T, RunError>) -> Vec<TaskInfo> {
    match result {
        Err(RunError::Stalled { tasks, .. }) => tasks,
        other => panic!("expected a stall, not {other:?}"),
    }
}

/// The names of the tasks that the named task waits to join.
#[track_caller]
pub(crate) fn joins(list: &[TaskInfo], name: &str) -> Vec<String> {
    let task = list.iter().find(|task| task.name() == name);
    let waits = task
        .unwrap_or_else(|| panic!("{name} is not in {list:?}"))
        .waits_for();
    let join = |wait: &Wait| match wait {
        Wait::Join { name, .. } => Some(name.clone()),
        _ => None,
    };
    waits.iter().filter_map(join).collect()
}

/// The names of all tasks of the loop.
pub(crate) fn task_names() -> Vec<String> {
    tasks().iter().map(|task| task.name()).collect()
}
