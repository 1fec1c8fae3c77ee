//! Errors of a queue.
//!
//! **Invariant:** an item that could not be put is in the error.
//!
//! Returned by `queue`. Imports nothing.

use std::error::Error;
use std::fmt;

/// The queue is closed and empty: no item will come (asyncio:
/// `QueueShutDown`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is closed and empty")
    }
}

impl Error for Closed {}

/// The queue is closed; contains the item that could not be put (asyncio:
/// `QueueShutDown`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PutError<T>(pub(super) T);

impl<T> PutError<T> {
    /// Returns the item.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PutError(..)")
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CLOSED)
    }
}

impl<T> Error for PutError<T> {}

const CLOSED: &str = "the queue is closed and takes no more items";

/// Why [`Queue::try_put`](super::Queue::try_put) returned the item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// The queue is full (asyncio: `QueueFull`).
    Full(T),
    /// The queue is closed (asyncio: `QueueShutDown`).
    Closed(T),
}

impl<T> TryPutError<T> {
    /// Returns the item.
    pub fn into_inner(self) -> T {
        match self {
            TryPutError::Full(item) | TryPutError::Closed(item) => item,
        }
    }
}

impl<T> fmt::Debug for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryPutError::Full(_) => f.write_str("Full(..)"),
            TryPutError::Closed(_) => f.write_str("Closed(..)"),
        }
    }
}

impl<T> fmt::Display for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryPutError::Full(_) => f.write_str("the queue is full; `put` waits for space"),
            TryPutError::Closed(_) => f.write_str(CLOSED),
        }
    }
}

impl<T> Error for TryPutError<T> {}

/// Why [`Queue::try_get`](super::Queue::try_get) returned no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryGetError {
    /// The queue has no item for the caller now (asyncio: `QueueEmpty`).
    Empty,
    /// The queue is closed, and no item will come (asyncio: `QueueShutDown`).
    Closed,
}

impl fmt::Display for TryGetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryGetError::Empty => f.write_str("the queue is empty; `get` waits for an item"),
            TryGetError::Closed => Closed.fmt(f),
        }
    }
}

impl Error for TryGetError {}
