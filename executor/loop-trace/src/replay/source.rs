//! A socket of a replayed loop.
//!
//! **Invariant:** a task is listed at most once in each direction.
//!
//! Changed by `State` only.

use crate::event::Direction;
use crate::task_id::TaskId;

/// A socket that is registered with the poller.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// Its number.
    pub source: u64,
    /// Its type: `TcpStream`, …
    pub kind: String,
    /// Its peer, if it has one.
    pub addr: Option<String>,
    /// The tasks that are woken when it may be readable, in order.
    pub readers: Vec<TaskId>,
    /// The tasks that are woken when it may be writable, in order.
    pub writers: Vec<TaskId>,
}

impl Source {
    pub(super) fn new(source: u64, kind: &str, addr: Option<&str>) -> Self {
        Source {
            source,
            kind: kind.to_owned(),
            addr: addr.map(str::to_owned),
            readers: Vec::new(),
            writers: Vec::new(),
        }
    }

    /// Returns the tasks that are woken in this direction.
    pub(super) fn waiters(&mut self, direction: Direction) -> &mut Vec<TaskId> {
        match direction {
            Direction::Read => &mut self.readers,
            Direction::Write => &mut self.writers,
        }
    }
}
