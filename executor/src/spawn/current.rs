//! The current task, and all tasks.
//!
//! **Invariant:** a listing changes nothing: it polls no task and wakes none.
//!
//! Called by users.

use crate::base::task_info::TaskInfo;
use crate::event_loop::runtime::Runtime;

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
    Runtime::with(|runtime| runtime.current_task()).flatten()
}

/// Returns all tasks of the loop that runs on this thread, in order of
/// spawning, with what each waits for (asyncio: `all_tasks`,
/// `print_call_graph`). Empty if no loop runs.
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
    Runtime::with(|runtime| runtime.list_tasks()).unwrap_or_default()
}
