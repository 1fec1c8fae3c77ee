//! Event fields that have one of a few fixed values, each written as one word.
//!
//! **Invariant:** `from_word` is the inverse of `word`, and the words are those
//! of `docs/player/SCHEMA.md`.
//!
//! Read and written by `read`, `write` and the drawings.

/// How a task, or a run, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It returned a value.
    Returned,
    /// Its future was dropped before it returned. A run that stalled ends so.
    Cancelled,
    /// It panicked.
    Panicked,
}

/// What a poll returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PollResult {
    /// The future is not complete.
    Pending,
    /// The future completed.
    Ready,
    /// The poll panicked.
    Panicked,
}

/// What a wake did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WakeOutcome {
    /// The task went to the back of the ready queue.
    Queued,
    /// Nothing: the task was in the ready queue already.
    AlreadyQueued,
    /// Nothing: the task had ended.
    AfterDone,
}

/// What ended a park.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParkEndReason {
    /// The deadline was reached.
    Timer,
    /// A socket may be ready.
    Io,
    /// A message from another thread is in the inbox.
    Message,
    /// Nothing that the loop knows of.
    Nothing,
}

/// What a message in the inbox asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageKind {
    /// Poll a task.
    Wake,
    /// Cancel a task.
    Cancel,
    /// Take the result of a thread job that ended.
    Job,
    /// Call a function on the loop's thread.
    Call,
    /// Unpark, and look for work.
    Nudge,
}

/// The direction of data through a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Direction {
    /// Into the program; accepting is a read too.
    Read,
    /// Out of the program; connecting is a write too.
    Write,
}

/// The result of one attempt to use a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attempt {
    /// It read, wrote, accepted or connected.
    Done,
    /// There was nothing to read, or the buffer for writes was full.
    WouldBlock,
    /// It failed.
    Failed,
}

/// The word for each value of an enum, both ways.
macro_rules! words {
    ($($kind:ident { $($value:ident = $word:literal),* $(,)? })*) => {$(
        impl $kind {
            pub(crate) fn word(self) -> &'static str {
                match self { $($kind::$value => $word,)* }
            }

            pub(crate) fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($kind::$value),)* _ => None }
            }
        }
    )*};
}

words! {
    Ending { Returned = "returned", Cancelled = "cancelled", Panicked = "panicked" }
    PollResult { Pending = "pending", Ready = "ready", Panicked = "panic" }
    WakeOutcome { Queued = "queued", AlreadyQueued = "already-queued", AfterDone = "after-done" }
    ParkEndReason { Timer = "timer", Io = "io", Message = "wake", Nothing = "none" }
    MessageKind { Wake = "wake", Cancel = "cancel", Job = "job", Call = "call", Nudge = "nudge" }
    Direction { Read = "read", Write = "write" }
    Attempt { Done = "ok", WouldBlock = "would-block", Failed = "error" }
}
