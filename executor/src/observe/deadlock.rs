//! Tasks that wait for each other, found in a listing.
//!
//! A task is in a deadlock if all it waits for are locks that tasks in the
//! same deadlock hold, and the ends of such tasks, or of scopes of such tasks. **Invariant:** what is
//! reported is certain. A task that also waits for something else, a timer or
//! a waker that somebody holds, may yet go on and let the others go on; so may
//! whoever waits for it. (A guard that was moved to another task is the one
//! thing that a listing cannot see.)
//!
//! Pure: from listing to text. Used by `error` for a stall and by `runtime` in
//! debug mode.

use std::collections::HashMap;
use std::fmt;

use crate::base::task_info::{LockHolder, TaskId, TaskInfo, TaskState, Wait};
use crate::base::wait_text::{Named, SourceLine};

/// The tasks that can go on only if one of them is cancelled.
pub(crate) struct Deadlock<'a> {
    /// Those that wait for each other.
    cycle: Vec<&'a TaskInfo>,
    /// Those that wait for one of these.
    behind: Vec<&'a TaskInfo>,
}

impl<'a> Deadlock<'a> {
    /// The deadlock in a listing, if there is one.
    pub(crate) fn find(tasks: &'a [TaskInfo]) -> Option<Self> {
        let graph = Graph::of(tasks, |task| {
            let certain = task.state == TaskState::Waiting;
            let awaited: Option<Vec<_>> = task.waits.iter().map(awaited).collect();
            let awaited = awaited.filter(|_| certain);
            awaited.unwrap_or_default().concat()
        });
        let stuck = graph.stuck(Leaves::IfOneMayGoOn);
        let cycle = graph.cycle(&stuck);
        let those = |which: &dyn Fn(usize) -> bool| {
            let those = tasks.iter().enumerate().filter(|(n, _)| which(*n));
            those.map(|(_, task)| task).collect::<Vec<_>>()
        };
        let deadlock = Deadlock {
            cycle: those(&|n| cycle[n]),
            behind: those(&|n| stuck[n] && !cycle[n]),
        };
        (!deadlock.cycle.is_empty()).then_some(deadlock)
    }

    /// Do tasks wait for each other, though some may yet go on for another
    /// reason? Then it is worth while to look again.
    pub(crate) fn is_possible(tasks: &[TaskInfo]) -> bool {
        let graph = Graph::of(tasks, |task| {
            let awaited = task.waits.iter().filter_map(awaited);
            awaited.flatten().collect()
        });
        graph.stuck(Leaves::IfAllMayGoOn).contains(&true)
    }

    /// The tasks that wait for each other.
    pub(crate) fn cycle(&self) -> impl Iterator<Item = TaskId> {
        self.cycle.iter().map(|task| task.identity.id)
    }

    fn remedy(&self) -> &'static str {
        let waits = || self.cycle.iter().flat_map(|task| &task.waits);
        let is_lock = |wait: &Wait| matches!(wait, Wait::Lock { .. });
        match (self.cycle.len(), waits().any(is_lock), waits().all(is_lock)) {
            (1, _, true) => {
                "let the first guard go before locking again: `drop(guard)`, or a block around it"
            }
            (1, false, _) => "a task cannot await its own handle",
            (_, _, true) => {
                "take the locks in the same order everywhere, or let one go before the next"
            }
            _ => {
                "a task must not await one that waits for it: drop the guard, or the handle, \
                 before the await"
            }
        }
    }
}

/// The tasks on whose progress a wait depends, if it depends on tasks alone.
fn awaited(wait: &Wait) -> Option<Vec<TaskId>> {
    match wait {
        Wait::Join { task, .. } => Some(vec![*task]),
        Wait::Scope(tasks) => Some(tasks.clone()),
        Wait::Lock { holder, .. } => Some(vec![holder.as_ref()?.task.as_ref()?.0]),
        _ => None,
    }
}

// ---- the graph ----------------------------------------------------------------

/// Who waits for whom, by place in the listing.
struct Graph {
    awaits: Vec<Vec<usize>>,
    awaited_by: Vec<Vec<usize>>,
}

/// When a task is no longer held to be stuck.
#[derive(Clone, Copy, PartialEq)]
enum Leaves {
    IfOneMayGoOn,
    IfAllMayGoOn,
}

impl Graph {
    fn of(tasks: &[TaskInfo], awaited: impl Fn(&TaskInfo) -> Vec<TaskId>) -> Self {
        let ids = tasks.iter().enumerate();
        let places: HashMap<_, _> = ids.map(|(n, task)| (task.identity.id, n)).collect();
        let mut graph = Graph {
            awaits: vec![Vec::new(); tasks.len()],
            awaited_by: vec![Vec::new(); tasks.len()],
        };
        for (n, task) in tasks.iter().enumerate() {
            let awaited: Option<Vec<_>> = awaited(task)
                .iter()
                .map(|id| places.get(id).copied())
                .collect();
            // Somebody who is not in the listing may do anything.
            graph.awaits[n] = awaited.unwrap_or_default();
            for &other in &graph.awaits[n] {
                graph.awaited_by[other].push(n);
            }
        }
        graph
    }

    /// Begins with all that await others, and takes out who may go on until
    /// nobody is left who may.
    fn stuck(&self, leaves: Leaves) -> Vec<bool> {
        let mut stuck: Vec<_> = self.awaits.iter().map(|all| !all.is_empty()).collect();
        let mut hopes: Vec<_> = self.awaits.iter().map(Vec::len).collect();
        let mut out: Vec<_> = (0..stuck.len()).filter(|n| !stuck[*n]).collect();
        while let Some(free) = out.pop() {
            for &waiter in &self.awaited_by[free] {
                hopes[waiter] -= 1;
                let may_go_on = leaves == Leaves::IfOneMayGoOn || hopes[waiter] == 0;
                if may_go_on && std::mem::replace(&mut stuck[waiter], false) {
                    out.push(waiter);
                }
            }
        }
        stuck
    }

    /// Of those that are stuck, the ones that others of them wait for, again
    /// and again: without those that only stand behind.
    fn cycle(&self, stuck: &[bool]) -> Vec<bool> {
        let mut cycle = stuck.to_vec();
        let waiters = |n: usize| self.awaited_by[n].iter().filter(|w| stuck[**w]).count();
        let mut waiters: Vec<_> = (0..stuck.len()).map(waiters).collect();
        let mut last: Vec<_> = (0..stuck.len())
            .filter(|n| stuck[*n] && waiters[*n] == 0)
            .collect();
        while let Some(n) = last.pop() {
            cycle[n] = false;
            for &awaited in &self.awaits[n] {
                waiters[awaited] -= 1;
                if waiters[awaited] == 0 {
                    last.push(awaited);
                }
            }
        }
        cycle
    }
}

// ---- the text -----------------------------------------------------------------

/// A task in the middle of a sentence.
struct Short<'a>(TaskId, &'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Short(id, name) = self;
        match *name == format!("Task-{id}") {
            true => write!(f, "task {id}"),
            false => write!(f, "task {id} \"{name}\""),
        }
    }
}

/// `waits at src/main.rs:9 for lock "a", which task 3 took at src/main.rs:14`
struct Sentence<'a>(&'a TaskInfo, &'a Wait);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sentence(task, wait) = self;
        match wait {
            Wait::Join { task: other, .. } if *other == task.id() => {
                write!(f, "waits for its own end")
            }
            Wait::Scope(tasks) => {
                write!(f, "waits for the end of its scope, that is of task")?;
                let plural = if tasks.len() == 1 { "" } else { "s" };
                let tasks: Vec<_> = tasks.iter().map(TaskId::to_string).collect();
                write!(f, "{plural} {}", tasks.join(", "))
            }
            Wait::Join { task, name } => write!(f, "waits for the end of {}", Short(*task, name)),
            Wait::Lock {
                name,
                site,
                holder:
                    Some(LockHolder {
                        task: Some((id, holder)),
                        site: taken,
                    }),
            } => {
                let (lock, here, there) =
                    (Named("lock", name), SourceLine(site), SourceLine(taken));
                write!(f, "waits at {here} for {lock}, which ")?;
                match *id == task.id() {
                    true => write!(f, "it took itself at {there}"),
                    false => write!(f, "{} took at {there}", Short(*id, holder)),
                }
            }
            wait => write!(f, "waits for {wait}"),
        }
    }
}

impl fmt::Display for Deadlock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cycle.len() {
            1 => write!(f, "deadlock: a task waits for itself:")?,
            n => write!(f, "deadlock: {n} tasks wait for each other:")?,
        }
        for task in &self.cycle {
            for wait in &task.waits {
                write!(f, "\n  {} {}", task.identity, Sentence(task, wait))?;
            }
        }
        if !self.behind.is_empty() {
            write!(f, "\n  behind them wait:")?;
            for (n, task) in self.behind.iter().enumerate() {
                let comma = if n == 0 { "" } else { "," };
                write!(f, "{comma} {}", Short(task.id(), &task.name()))?;
            }
        }
        write!(f, "\n  remedy: {}", self.remedy())
    }
}
