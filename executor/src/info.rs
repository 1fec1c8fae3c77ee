//! Who a task is and what can be told about it: plain data for errors,
//! listings and traces.
//!
//! **Invariant:** everything here is a snapshot; it holds no task, wakes
//! nobody and stays valid after the loop is gone.
//!
//! Filled in by `runtime`; read by whoever prints. Imports nothing.

mod deadlock;
mod tree;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use deadlock::Deadlock;
pub(crate) use tree::Tree;

/// The number of a task in its loop: 1 is the main future, then in order of
/// spawning. Never used twice in one loop.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub(crate) NonZeroU64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({})", self.0)
    }
}

/// A task's id, its given name if it has one, and the line that spawned it.
///
/// The name is boxed twice so that this is three words: every task has one of
/// these and few have names.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) id: TaskId,
    pub(crate) name: Option<Arc<Box<str>>>,
    pub(crate) site: &'static Location<'static>,
}

impl Identity {
    /// The given name, or `Task-n` as asyncio would call it.
    pub(crate) fn name(&self) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None => format!("Task-{}", self.id),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Identity { id, name, site } = self;
        match name {
            Some(name) => write!(f, "task {id} \"{name}\" (spawned at {site})"),
            None => write!(f, "task {id} (spawned at {site})"),
        }
    }
}

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskState {
    /// It is being polled right now.
    Running,
    /// It is in the ready queue.
    Ready,
    /// It waits for something.
    Waiting,
    /// It waits, and nothing that the loop knows of can ever wake it: it is
    /// not queued, has no timer, join or thread job, and no clone of its waker
    /// is left.
    Unwakeable,
    /// It has ended; its handle still holds the output.
    Finished,
}

/// Something a task waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wait {
    /// A deadline, this long after the moment of the listing; `Duration::MAX`
    /// if it never comes.
    Sleep(Duration),
    /// Another task's end.
    Join {
        /// The task that is awaited.
        task: TaskId,
        /// Its name.
        name: String,
    },
    /// The end of these tasks of a scope.
    Scope(Vec<TaskId>),
    /// To be asked to stop: [`cancelled`](crate::cancelled).
    Cancel,
    /// A socket that has nothing to read, or takes nothing more.
    Socket {
        /// Is it data that is waited for, or room for it?
        readable: bool,
        /// Its descriptor, where there are descriptors.
        fd: Option<i32>,
        /// The other side, if there is one.
        peer: Option<SocketAddr>,
    },
    /// A call on a thread pool.
    Job {
        /// The line that asked for it.
        site: &'static Location<'static>,
        /// How long ago that was, in real time.
        since: Duration,
    },
    /// A [`Lock`](crate::sync::Lock) that somebody has.
    Lock {
        /// The lock's name, if it was given one.
        name: Option<String>,
        /// The line that waits.
        site: &'static Location<'static>,
        /// Who has it, as far as that is known.
        holder: Option<LockHolder>,
    },
    /// Permits of a [`Semaphore`](crate::sync::Semaphore).
    Semaphore {
        /// The semaphore's name, if it was given one.
        name: Option<String>,
        /// The line that waits.
        site: &'static Location<'static>,
        /// How many permits.
        permits: usize,
    },
    /// An [`Event`](crate::sync::Event) that is not set.
    Event {
        /// The event's name, if it was given one.
        name: Option<String>,
        /// The line that waits.
        site: &'static Location<'static>,
    },
    /// A [`Queue`](crate::sync::Queue).
    Queue {
        /// The queue's name, if it was given one.
        name: Option<String>,
        /// The line that waits.
        site: &'static Location<'static>,
        /// What is to be done with it.
        operation: QueueOperation,
    },
    /// Somebody else holds a clone of the task's waker: a channel, another
    /// thread, a combinator.
    Waker,
}

/// Who has a lock, and since which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockHolder {
    /// The task, by number and name; `None` if it has ended, or was no task of
    /// this loop. A guard that was moved to another task is listed under the
    /// task that took the lock.
    pub task: Option<(TaskId, String)>,
    /// The line that took the lock.
    pub site: &'static Location<'static>,
}

/// What a task waits to do with a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueOperation {
    /// The queue is empty: an item has to come.
    Get,
    /// The queue is full: an item has to leave.
    Put,
    /// Not all items are done.
    Join,
}

/// A file and a line, without the column: the form of waits, which are many to
/// a line of text.
pub(crate) struct Line(pub(crate) &'static Location<'static>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.file(), self.0.line())
    }
}

/// `lock "cache"`, or, without a name, `a lock`.
pub(crate) struct Named<'a>(pub(crate) &'static str, pub(crate) &'a Option<String>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Named(what, name) = self;
        match name {
            Some(name) => write!(f, "{what} \"{name}\""),
            None if what.starts_with('e') => write!(f, "an {what}"),
            None => write!(f, "a {what}"),
        }
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = Line(self.site);
        match &self.task {
            Some((id, _)) => write!(f, "held by task {id} at {line}"),
            None => write!(f, "held since {line}"),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wait::Sleep(Duration::MAX) => write!(f, "sleep for ever"),
            Wait::Sleep(left) => write!(f, "sleep until +{left:?}"),
            Wait::Join { task, name } => write!(f, "join task {task} \"{name}\""),
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
                let (line, seconds) = (Line(site), since.as_secs_f64());
                write!(f, "thread job at {line} for {seconds:.1} s")
            }
            Wait::Lock { name, holder, .. } => {
                write!(f, "{}", Named("lock", name))?;
                holder
                    .as_ref()
                    .map_or(Ok(()), |holder| write!(f, " {holder}"))
            }
            Wait::Semaphore {
                name,
                site,
                permits,
            } => {
                let (semaphore, line) = (Named("semaphore", name), Line(site));
                match permits {
                    1 => write!(f, "a permit of {semaphore} at {line}"),
                    n => write!(f, "{n} permits of {semaphore} at {line}"),
                }
            }
            Wait::Event { name, site } => {
                write!(f, "{} at {}", Named("event", name), Line(site))
            }
            Wait::Queue {
                name,
                site,
                operation,
            } => {
                let (queue, line) = (Named("queue", name), Line(site));
                match operation {
                    QueueOperation::Get => write!(f, "an item of {queue} at {line}"),
                    QueueOperation::Put => write!(f, "room in {queue} at {line}"),
                    QueueOperation::Join => write!(f, "all items of {queue} to be done at {line}"),
                }
            }
            Wait::Waker => write!(f, "a waker that somebody else holds"),
        }
    }
}

/// A snapshot of one task: asyncio's `Task` object as far as it can be looked
/// at from outside.
#[derive(Clone)]
pub struct TaskInfo {
    pub(crate) identity: Identity,
    pub(crate) parent: Option<TaskId>,
    pub(crate) state: TaskState,
    pub(crate) waits: Vec<Wait>,
}

impl TaskInfo {
    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.identity.id
    }

    /// The name it was given, or `Task-n` (asyncio: `get_name()`).
    pub fn name(&self) -> String {
        self.identity.name()
    }

    /// The task that spawned it; `None` for the main future and for what came
    /// from outside the loop.
    pub fn parent(&self) -> Option<TaskId> {
        self.parent
    }

    /// The line that spawned it.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.identity.site
    }

    /// What it was doing when the snapshot was taken.
    pub fn state(&self) -> TaskState {
        self.state
    }

    /// What it was waiting for: empty if it was not, several entries if it
    /// waits for several things at once (inside a `gather`, say).
    pub fn waits_for(&self) -> &[Wait] {
        &self.waits
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.identity)?;
        match self.state {
            TaskState::Running => write!(f, "running"),
            TaskState::Ready => write!(f, "ready to run"),
            TaskState::Finished => write!(f, "finished, its output not yet read"),
            TaskState::Unwakeable => write!(f, "waits, and nothing can ever wake it"),
            TaskState::Waiting => {
                write!(f, "waits for ")?;
                for (n, wait) in self.waits.iter().enumerate() {
                    let comma = if n == 0 { "" } else { ", " };
                    write!(f, "{comma}{wait}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskInfo({self})")
    }
}
