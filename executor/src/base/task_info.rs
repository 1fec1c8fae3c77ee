//! Task information: plain data for errors, listings and traces.
//!
//! **Invariant:** everything here is a snapshot; it holds no task, wakes
//! nothing and stays valid when its loop is gone.
//!
//! Filled in by `event_loop::listing`; the text forms are in `wait_text`.
//! Imports nothing.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// The number of a task in its loop: 1 for the main future, then in order of
/// spawning. Used once per loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub(crate) NonZeroU64);

impl TaskId {
    /// No task: a wait outside of every task, in events.
    pub const NONE: TaskId = TaskId(NonZeroU64::MAX);
}

/// A task's id, its given name if it has one, and the line that spawned it.
///
/// The name is boxed twice so that this is three words: every task has an
/// identity, and few have names.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) id: TaskId,
    pub(crate) name: Option<Arc<Box<str>>>,
    pub(crate) site: &'static Location<'static>,
}

impl Identity {
    /// Returns the given name, or `Task-n` as asyncio would call it.
    pub(crate) fn name(&self) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None => format!("Task-{}", self.id),
        }
    }
}

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskState {
    /// Its future is being polled.
    Running,
    /// It is in the ready queue.
    Ready,
    /// It waits for what [`TaskInfo::waits_for`] lists.
    Waiting,
    /// It waits, and nothing that the loop knows of can ever wake it: it is
    /// not queued, has no timer, join or thread job, and no clone of its waker
    /// exists.
    Unwakeable,
    /// It has ended. Only the destructor of its unread output sees this, through
    /// [`current_task`](crate::current_task): a listing leaves ended tasks out.
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
    /// A request to stop: [`cancelled`](crate::cancelled).
    Cancel,
    /// A socket or pipe with nothing to read, or no room to write. A read or write
    /// through the poll traits (`AsyncRead`, `AsyncWrite`) that was given up is
    /// listed until the socket's next event, or until the loop has nothing to do.
    Socket {
        /// Whether the task waits for data, or else for room.
        readable: bool,
        /// Its descriptor, on systems that have descriptors.
        fd: Option<i32>,
        /// The peer's address, if there is one.
        peer: Option<SocketAddr>,
    },
    /// A call on a thread pool.
    Job {
        /// The line that submitted it.
        site: &'static Location<'static>,
        /// How long ago that was, in real time.
        since: Duration,
    },
    /// A [`Lock`](crate::sync::Lock) that is held.
    Lock {
        /// The lock's name, if it was given one.
        name: Option<String>,
        /// The line that waits.
        site: &'static Location<'static>,
        /// The holder, as far as it is known.
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
        /// What the task waits to do.
        operation: QueueOperation,
    },
    /// A clone of the task's waker, held outside the runtime: by a channel,
    /// another thread, a combinator.
    Waker,
}

/// The task that holds a lock, and the line that locked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockHolder {
    /// The task, by number and name; `None` if it has ended, or is no task of
    /// this loop. A guard that was moved to another task is listed under the
    /// task that locked it.
    pub task: Option<(TaskId, String)>,
    /// The line that locked it.
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

/// A snapshot of one task (asyncio: what a `Task` object tells).
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

    /// The task that spawned it; `None` for the main future and for tasks
    /// spawned outside of every task.
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

    /// What it was waiting for: empty if it was not waiting, several entries if
    /// it waits for several things at once, as in a `gather`.
    pub fn waits_for(&self) -> &[Wait] {
        &self.waits
    }
}
