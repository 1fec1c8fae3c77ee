//! Why an item did not go in or come out.
//!
//! **Invariant:** an item that did not go in is in the error.

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

/// The queue is closed; this is the item that did not go in (asyncio:
/// `QueueShutDown`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PutError<T>(pub(super) T);

impl<T> PutError<T> {
    /// The item.
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

/// Why [`Queue::try_put`](super::Queue::try_put) gave the item back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// There is no room now (asyncio: `QueueFull`).
    Full(T),
    /// There will never be any (asyncio: `QueueShutDown`).
    Closed(T),
}

impl<T> TryPutError<T> {
    /// The item.
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
            TryPutError::Full(_) => f.write_str("the queue is full; `put` waits for room"),
            TryPutError::Closed(_) => f.write_str(CLOSED),
        }
    }
}

impl<T> Error for TryPutError<T> {}

/// Why [`Queue::try_get`](super::Queue::try_get) gave no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryGetError {
    /// There is none now (asyncio: `QueueEmpty`).
    Empty,
    /// There will never be one (asyncio: `QueueShutDown`).
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
