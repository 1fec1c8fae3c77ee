//! The tasks of a loop as a tree of who spawned whom.
//!
//! **Invariant:** every task is in the tree once: below its parent, or at the
//! top if it has none or the parent is gone.
//!
//! Called by users, and by `ps_server`.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::base::task_info::{TaskId, TaskInfo, TaskState};
use crate::spawn::current::tasks;

/// A listing, to be printed as a tree.
pub(crate) struct Tree<'a>(pub(crate) &'a [TaskInfo]);

impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed: HashSet<_> = self.0.iter().map(TaskInfo::id).collect();
        let mut children: HashMap<Option<TaskId>, Vec<&TaskInfo>> = HashMap::new();
        for task in self.0 {
            let parent = task.parent.filter(|parent| listed.contains(parent));
            children.entry(parent).or_default().push(task);
        }
        // A list of what is to be printed instead of recursion: a task that
        // spawns its successor, again and again, makes a tree without end.
        let top = children.remove(&None).unwrap_or_default();
        let mut next: Vec<_> = top.into_iter().rev().map(Entry::top).collect();
        while let Some(entry) = next.pop() {
            writeln!(f, "{entry}")?;
            let below = children.remove(&Some(entry.task.id()));
            let below = below.unwrap_or_default().into_iter().rev();
            next.extend(below.enumerate().map(|(n, task)| entry.child(task, n == 0)));
        }
        Ok(())
    }
}

/// One line of the tree.
struct Entry<'a> {
    task: &'a TaskInfo,
    /// What stands before the line, and before those of its children.
    before: String,
    before_children: String,
}

impl<'a> Entry<'a> {
    fn top(task: &'a TaskInfo) -> Self {
        Entry {
            task,
            before: String::new(),
            before_children: String::new(),
        }
    }

    fn child(&self, task: &'a TaskInfo, is_last: bool) -> Self {
        let indent = &self.before_children;
        let (branch, below) = match is_last {
            true => ("`-- ", "    "),
            false => ("|-- ", "|   "),
        };
        Entry {
            task,
            before: format!("{indent}{branch}"),
            before_children: format!("{indent}{below}"),
        }
    }
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = self.task;
        write!(f, "{}task {}", self.before, task.id())?;
        if let Some(name) = &task.identity.name {
            write!(f, " \"{name}\"")?;
        }
        match task.state {
            TaskState::Running => write!(f, ": running"),
            TaskState::Ready => write!(f, ": ready"),
            TaskState::Finished => write!(f, ": finished"),
            TaskState::Unwakeable => write!(f, ": can never be woken"),
            TaskState::Waiting => {
                for (n, wait) in task.waits.iter().enumerate() {
                    let before = if n == 0 { ": waits for" } else { "," };
                    write!(f, "{before} {wait}")?;
                }
                Ok(())
            }
        }
    }
}

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
