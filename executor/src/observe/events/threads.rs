//! Numbers for threads.
//!
//! **Invariant:** a thread keeps its number; numbers are given in order of
//! appearance, and the loop's thread has none.
//!
//! Called by `events`.

use std::thread::ThreadId;

/// The threads of which events were reported; the first is the loop's.
#[derive(Default)]
pub(super) struct Threads(Vec<ThreadId>);

impl Threads {
    /// Returns the number of a thread: 1, 2, …; `None` for the current thread,
    /// which is the loop's.
    pub(super) fn number(&mut self, thread: ThreadId) -> Option<u32> {
        if self.0.is_empty() {
            self.0.push(std::thread::current().id());
        }
        let known = self.0.iter().position(|known| *known == thread);
        let number = known.unwrap_or_else(|| {
            self.0.push(thread);
            self.0.len() - 1
        });
        u32::try_from(number).ok().filter(|number| *number > 0)
    }
}
