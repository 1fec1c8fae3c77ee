//! Limits the depth of destructors that end tasks, which end tasks.
//!
//! A handle in the output of a task, a spawn in a destructor: such chains have no
//! limit, and the stack has one. **Invariant:** at most [`DEEPEST`] calls are
//! nested; what deeper ones are to end waits in a list, which the deepest call
//! empties.
//!
//! Used by the runtime, by scopes and by the answers of remote calls.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// More than programs nest on purpose, and few enough for the stack of a thread.
const DEEPEST: u32 = 32;

/// The nested calls, and the items that wait.
pub(crate) struct Nesting<T> {
    depth: Cell<u32>,
    waiting: RefCell<VecDeque<T>>,
}

impl<T> Nesting<T> {
    /// Ends an item: at once or, deep in other ends, later. `end` must not panic.
    pub(crate) fn run(&self, item: T, end: impl Fn(T)) {
        let depth = self.depth.get();
        if depth == DEEPEST {
            return self.waiting.borrow_mut().push_back(item);
        }
        self.depth.set(depth + 1);
        end(item);
        let next = || self.waiting.borrow_mut().pop_front();
        while let Some(item) = (depth + 1 == DEEPEST).then(next).flatten() {
            end(item);
        }
        self.depth.set(depth);
    }
}

// A derived `Default` would ask the same of `T`.
impl<T> Default for Nesting<T> {
    fn default() -> Self {
        Nesting {
            depth: Cell::default(),
            waiting: RefCell::default(),
        }
    }
}
