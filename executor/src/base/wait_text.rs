//! The text of task information, as errors, listings and reports show it.
//!
//! **Invariant:** a text is made from its snapshot alone, so it can be printed
//! when the loop is gone; and no name in it does more to a terminal than to be
//! shown.
//!
//! Extends the types of `task_info`.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::printable::Printable;
use super::task_info::{Identity, LockHolder, QueueOperation, TaskId, TaskInfo, TaskState, Wait};

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Identity { id, name, site } = self;
        match name {
            Some(name) => write!(f, "task {id} \"{}\" (spawned at {site})", Printable(name)),
            None => write!(f, "task {id} (spawned at {site})"),
        }
    }
}

/// A file and a line without the column, because waits share a line of text.
pub(crate) struct SourceLine(pub(crate) &'static Location<'static>);

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.file(), self.0.line())
    }
}

/// Formats as `lock "cache"` or, without a name, `a lock`.
pub(crate) struct Named<'a>(pub(crate) &'static str, pub(crate) &'a Option<String>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Named(what, name) = self;
        match name {
            Some(name) => write!(f, "{what} \"{}\"", Printable(name)),
            None if what.starts_with('e') => write!(f, "an {what}"),
            None => write!(f, "a {what}"),
        }
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = SourceLine(self.site);
        match &self.task {
            Some((id, _)) => write!(f, "held by task {id} at {line}"),
            None => write!(f, "held since {line}"),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wait::Sleep(Duration::MAX) => write!(f, "sleep forever"),
            Wait::Sleep(left) => write!(f, "sleep until +{left:?}"),
            Wait::Join { task, name } => write!(f, "join task {task} \"{}\"", Printable(name)),
            Wait::Cancel => write!(f, "being asked to stop"),
            Wait::Scope(tasks) => match tasks.len() {
                1 => write!(f, "the task of its scope"),
                n => write!(f, "the {n} tasks of its scope"),
            },
            Wait::Socket { readable, fd, peer } => {
                write!(f, "{}", if *readable { "readable" } else { "writable" })?;
                match fd {
                    Some(fd) => write!(f, " fd {fd}")?,
                    None => write!(f, " socket")?,
                }
                peer.map_or(Ok(()), |peer| write!(f, " ({peer})"))
            }
            Wait::Job { site, since } => {
                let (line, seconds) = (SourceLine(site), since.as_secs_f64());
                write!(f, "thread job at {line} for {seconds:.1} s")
            }
            Wait::Lock { name, holder, .. } => {
                write!(f, "{}", Named("lock", name))?;
                let mut holder = holder.iter();
                holder.try_for_each(|holder| write!(f, " {holder}"))
            }
            Wait::Semaphore {
                name,
                site,
                permits,
            } => {
                let (semaphore, line) = (Named("semaphore", name), SourceLine(site));
                match permits {
                    1 => write!(f, "a permit of {semaphore} at {line}"),
                    n => write!(f, "{n} permits of {semaphore} at {line}"),
                }
            }
            Wait::Event { name, site } => {
                write!(f, "{} at {}", Named("event", name), SourceLine(site))
            }
            Wait::Queue {
                name,
                site,
                operation,
            } => {
                let (queue, line) = (Named("queue", name), SourceLine(site));
                match operation {
                    QueueOperation::Get => write!(f, "an item of {queue} at {line}"),
                    QueueOperation::Put => write!(f, "room in {queue} at {line}"),
                    QueueOperation::Join => write!(f, "all items of {queue} to be done at {line}"),
                }
            }
            Wait::Waker => write!(f, "a wake through a clone of its waker"),
        }
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.identity)?;
        f.write_str(match self.state {
            TaskState::Running => "running",
            TaskState::Ready => "ready to run",
            TaskState::Finished => "finished",
            TaskState::Unwakeable => "waits, and nothing can ever wake it",
            TaskState::Waiting => {
                let waits: Vec<_> = self.waits.iter().map(Wait::to_string).collect();
                return write!(f, "waits for {}", waits.join(", "));
            }
        })
    }
}

impl fmt::Debug for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskInfo({self})")
    }
}
