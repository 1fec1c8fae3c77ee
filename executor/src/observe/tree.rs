//! Task tree: the tasks of a loop, each below the task that spawned it.
//!
//! **Invariant:** every task is in the tree once: below its parent, or at the
//! top if the listing does not contain its parent.
//!
//! Called by users and by `ps_server`.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::base::printable::Printable;
use crate::base::task_info::{TaskId, TaskInfo, TaskState};
use crate::spawn::listing::tasks;

/// Formats a listing as a tree.
pub(crate) struct Tree<'a>(pub(crate) &'a [TaskInfo]);

impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed: HashSet<_> = self.0.iter().map(TaskInfo::id).collect();
        let mut children: HashMap<Option<TaskId>, Vec<&TaskInfo>> = HashMap::new();
        for task in self.0 {
            let parent = task.parent.filter(|parent| listed.contains(parent));
            children.entry(parent).or_default().push(task);
        }
        // A stack instead of recursion: where each task spawns its successor,
        // the depth of the tree has no limit.
        let top = children.remove(&None).unwrap_or_default();
        let mut stack: Vec<_> = top.into_iter().rev().map(Row::top).collect();
        while let Some(row) = stack.pop() {
            writeln!(f, "{row}")?;
            let below = children.remove(&Some(row.task.id()));
            let below = below.unwrap_or_default().into_iter().rev();
            stack.extend(below.enumerate().map(|(n, task)| row.child(task, n == 0)));
        }
        Ok(())
    }
}

/// One task of the tree.
struct Row<'a> {
    task: &'a TaskInfo,
    /// The branches on the left of the task.
    prefix: String,
    /// The branches on the left of its children.
    child_prefix: String,
}

impl<'a> Row<'a> {
    fn top(task: &'a TaskInfo) -> Self {
        Row {
            task,
            prefix: String::new(),
            child_prefix: String::new(),
        }
    }

    fn child(&self, task: &'a TaskInfo, is_last: bool) -> Self {
        let indent = &self.child_prefix;
        let (branch, below) = match is_last {
            true => ("`-- ", "    "),
            false => ("|-- ", "|   "),
        };
        Row {
            task,
            prefix: format!("{indent}{branch}"),
            child_prefix: format!("{indent}{below}"),
        }
    }
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = self.task;
        write!(f, "{}task {}", self.prefix, task.id())?;
        if let Some(name) = &task.identity.name {
            write!(f, " \"{}\"", Printable(name))?;
        }
        match task.state {
            TaskState::Running => write!(f, ": running"),
            TaskState::Ready => write!(f, ": ready"),
            TaskState::Finished => write!(f, ": finished"),
            TaskState::Unwakeable => write!(f, ": can never be woken"),
            TaskState::Waiting => {
                for (n, wait) in task.waits.iter().enumerate() {
                    let separator = if n == 0 { ": waits for" } else { "," };
                    write!(f, "{separator} {wait}")?;
                }
                Ok(())
            }
        }
    }
}

/// Returns the tasks of the loop that runs on this thread as a tree, each task
/// below the one that spawned it, with what it is doing; empty if no loop runs
/// (asyncio: `python -m asyncio pstree`).
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
///             "`-- task 2 \"server\": waits for sleep forever\n",
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
