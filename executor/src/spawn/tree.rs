//! The tasks as a tree, for people.
//!
//! **Invariant:** a tree shows what [`tasks`] gives, nothing more.

use super::tasks;
use crate::info::Tree;

/// All tasks of the loop that runs on this thread as a tree of who spawned
/// whom, with what each does; empty if none runs (asyncio: `python -m asyncio
/// pstree`).
///
/// ```
/// use executor::{run, sleep, spawn_named, task_tree, yield_now};
/// use std::time::Duration;
///
/// run(async {
///     spawn_named("server", async {
///         spawn_named("client", std::future::pending::<()>());
///         sleep(Duration::MAX).await;
///     });
///     yield_now().await;
///     yield_now().await;
///     assert_eq!(
///         task_tree(),
///         [
///             "task 1: running\n",
///             "`-- task 2 \"server\": waits for sleep for ever\n",
///             "    `-- task 3 \"client\": can never be woken\n",
///         ]
///         .concat()
///     );
/// });
/// ```
pub fn task_tree() -> String {
    Tree(&tasks()).to_string()
}

/// Prints the [`task_tree`] to stdout (asyncio: `print_call_graph`).
///
/// ```
/// executor::run(async { executor::print_task_tree() });
/// ```
///
/// # Panics
///
/// As std's `print!`, if stdout cannot be written to.
pub fn print_task_tree() {
    std::print!("{}", task_tree());
}
