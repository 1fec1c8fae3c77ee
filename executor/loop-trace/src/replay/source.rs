//! A socket of a replayed loop.
//!
//! **Invariant:** at most one task is woken in each direction.
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
    /// The task that is woken when it may be readable.
    pub reader: Option<TaskId>,
    /// The task that is woken when it may be writable.
    pub writer: Option<TaskId>,
}

impl Source {
    pub(super) fn new(source: u64, kind: &str, addr: Option<&str>) -> Self {
        Source {
            source,
            kind: kind.to_owned(),
            addr: addr.map(str::to_owned),
            reader: None,
            writer: None,
        }
    }

    /// Returns the task that is woken in this direction.
    pub(super) fn waiter(&mut self, direction: Direction) -> &mut Option<TaskId> {
        match direction {
            Direction::Read => &mut self.reader,
            Direction::Write => &mut self.writer,
        }
    }
}
