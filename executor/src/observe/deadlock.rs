//! Deadlock detection in a task listing.
//!
//! A task is in a deadlock if it waits for nothing but locks that tasks of the
//! same deadlock hold, the ends of such tasks, and scopes of such tasks. A task
//! that also waits for something else (a timer, a clone of its waker) may yet
//! progress and release the others. **Invariant:** a reported deadlock is
//! certain, with one exception: a listing does not show that a lock's guard was
//! moved to another task.
//!
//! Called by the crate root for a stall, and by `deadlock_report`. From a
//! listing to text: needs no loop.

mod graph;
mod text;

use std::collections::HashMap;

use crate::base::task_info::{TaskId, TaskInfo, TaskState, Wait};
use graph::{Graph, Release};

/// Tasks that can progress only if one of them is cancelled.
pub(crate) struct Deadlock<'a> {
    /// The tasks that wait for each other.
    cycle: Vec<&'a TaskInfo>,
    /// The other tasks that wait, directly or not, for tasks of the cycle.
    dependents: Vec<&'a TaskInfo>,
}

impl<'a> Deadlock<'a> {
    /// Returns the deadlock in a listing, if there is one.
    pub(crate) fn find(tasks: &'a [TaskInfo]) -> Option<Self> {
        let graph = wait_graph(tasks, |task| match task.state {
            TaskState::Waiting => {
                let awaited: Option<Vec<_>> = task.waits.iter().map(awaited).collect();
                awaited.unwrap_or_default().concat()
            }
            _ => Vec::new(),
        });
        let blocked = graph.blocked(Release::ByAny);
        let in_cycle = graph.cycle(&blocked);
        let select = |is_selected: &dyn Fn(usize) -> bool| {
            let selected = tasks.iter().enumerate().filter(|(n, _)| is_selected(*n));
            selected.map(|(_, task)| task).collect::<Vec<_>>()
        };
        let deadlock = Deadlock {
            cycle: select(&|n| in_cycle[n]),
            dependents: select(&|n| blocked[n] && !in_cycle[n]),
        };
        (!deadlock.cycle.is_empty()).then_some(deadlock)
    }

    /// Returns whether tasks wait for each other, though some may yet progress
    /// for another reason. A later listing may then show a deadlock without a
    /// new wait.
    pub(crate) fn is_possible(tasks: &[TaskInfo]) -> bool {
        let graph = wait_graph(tasks, |task| {
            let awaited = task.waits.iter().filter_map(awaited);
            awaited.flatten().collect()
        });
        graph.blocked(Release::ByAll).contains(&true)
    }

    /// Returns the ids of the tasks that wait for each other.
    pub(crate) fn cycle_ids(&self) -> impl Iterator<Item = TaskId> {
        self.cycle.iter().map(|task| task.identity.id)
    }
}

/// Returns the tasks whose progress ends a wait, if only tasks can end it.
fn awaited(wait: &Wait) -> Option<Vec<TaskId>> {
    match wait {
        Wait::Join { task, .. } => Some(vec![*task]),
        Wait::Scope(tasks) => Some(tasks.clone()),
        Wait::Lock { holder, .. } => Some(vec![holder.as_ref()?.task.as_ref()?.0]),
        _ => None,
    }
}

/// Returns the graph of which task waits for which. A node is the index of a
/// task in the listing.
fn wait_graph(tasks: &[TaskInfo], awaited: impl Fn(&TaskInfo) -> Vec<TaskId>) -> Graph {
    let ids = tasks.iter().enumerate();
    let nodes: HashMap<_, _> = ids.map(|(n, task)| (task.identity.id, n)).collect();
    let edges = tasks.iter().map(|task| {
        let awaited = awaited(task);
        let awaited: Option<Vec<_>> = awaited.iter().map(|id| nodes.get(id).copied()).collect();
        // A task that is not in the listing may progress at any time.
        awaited.unwrap_or_default()
    });
    Graph::new(edges.collect())
}
