//! Task numbers.
//!
//! **Invariant:** a number is never reused within one loop; 0 is never the
//! number of a task.
//!
//! Used by events, and by everything that follows a task through a trace.

use std::fmt;

/// The number of a task in its loop: 1 is the main future, then in order of
/// spawning.
///
/// ```
/// use loop_trace::TaskId;
///
/// assert_eq!(TaskId::new(7).to_string(), "7");
/// assert!(TaskId::NONE.is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

impl TaskId {
    /// No task: code that runs outside every task. Written as `null`.
    pub const NONE: TaskId = TaskId(0);

    /// Returns the id with this number; 0 is [`NONE`](Self::NONE).
    pub const fn new(number: u64) -> Self {
        TaskId(number)
    }

    /// Returns the number; 0 for [`NONE`](Self::NONE).
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns whether this is [`NONE`](Self::NONE).
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Returns the id as JSON: its number, or `null`.
    pub(crate) fn json(self) -> String {
        match self.is_none() {
            true => "null".into(),
            false => self.0.to_string(),
        }
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({})", self.0)
    }
}
