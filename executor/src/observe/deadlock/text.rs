//! The text of a deadlock: its tasks, what each waits for, and a remedy.
//!
//! **Invariant:** each task of the cycle has a line for each of its waits, with
//! the source lines of both ends.
//!
//! Printed by `deadlock_report`, and as a part of the text of a stall.

use std::fmt;

use super::Deadlock;
use crate::base::printable::Printable;
use crate::base::task_info::{LockHolder, TaskId, TaskInfo, Wait};
use crate::base::wait_text::{Named, SourceLine};

impl Deadlock<'_> {
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

impl fmt::Display for Deadlock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cycle.len() {
            1 => write!(f, "deadlock: a task waits for itself:")?,
            n => write!(f, "deadlock: {n} tasks wait for each other:")?,
        }
        for task in &self.cycle {
            for wait in &task.waits {
                write!(f, "\n  {} {}", task.identity, WaitOf(task, wait))?;
            }
        }
        if !self.dependents.is_empty() {
            write!(f, "\n  behind them wait:")?;
            for (n, task) in self.dependents.iter().enumerate() {
                let comma = if n == 0 { "" } else { "," };
                write!(f, "{comma} {}", ShortName(task.id(), &task.name()))?;
            }
        }
        write!(f, "\n  remedy: {}", self.remedy())
    }
}

/// Formats as `task 3 "server"` or, without a given name, `task 3`.
struct ShortName<'a>(TaskId, &'a str);

impl fmt::Display for ShortName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ShortName(id, name) = self;
        match *name == format!("Task-{id}") {
            true => write!(f, "task {id}"),
            false => write!(f, "task {id} \"{}\"", Printable(name)),
        }
    }
}

/// Formats as `waits at src/main.rs:9 for lock "a", which task 3 took at
/// src/main.rs:14`.
struct WaitOf<'a>(&'a TaskInfo, &'a Wait);

impl fmt::Display for WaitOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WaitOf(task, wait) = self;
        match wait {
            Wait::Join { task: other, .. } if *other == task.id() => {
                write!(f, "waits for its own end")
            }
            Wait::Join { task, name } => {
                write!(f, "waits for the end of {}", ShortName(*task, name))
            }
            Wait::Scope(tasks) => {
                let plural = if tasks.len() == 1 { "" } else { "s" };
                let tasks: Vec<_> = tasks.iter().map(TaskId::to_string).collect();
                let tasks = tasks.join(", ");
                write!(
                    f,
                    "waits for the end of its scope, that is of task{plural} {tasks}"
                )
            }
            Wait::Lock {
                name,
                site,
                holder:
                    Some(LockHolder {
                        task: Some((id, holder)),
                        site: locked,
                    }),
            } => {
                let (waits_at, locked_at) = (SourceLine(site), SourceLine(locked));
                let lock = Named("lock", name);
                write!(f, "waits at {waits_at} for {lock}, which ")?;
                match *id == task.id() {
                    true => write!(f, "it took itself at {locked_at}"),
                    false => write!(f, "{} took at {locked_at}", ShortName(*id, holder)),
                }
            }
            wait => write!(f, "waits for {wait}"),
        }
    }
}
