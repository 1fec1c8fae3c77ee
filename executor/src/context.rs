//! The context map, as data: which context variable has which value.
//!
//! Every task carries a [`Context`]; a spawned task starts with its parent's.
//! **Invariant:** a `Context` never changes once somebody else can see it:
//! `set` copies when it is shared (copy-on-write), so a child sees the values
//! as they were at its spawn and a parent never sees a child's.
//!
//! Used by `task` (which carries one), `pool` (which takes one to a thread)
//! and the `vars` room, which gives it its public face. Imports nothing but
//! `sys`.

use std::any::Any;
use std::cell::RefCell;

use crate::sys::{Arc, thread_local};

type Value = Arc<dyn Any + Send + Sync>;

/// A small persistent map from variable to value. Cloning it costs one
/// reference count; an empty one costs nothing at all.
#[derive(Clone, Default)]
pub(crate) struct Context(Option<Arc<Vec<(u64, Value)>>>);

impl Context {
    pub(crate) const EMPTY: Context = Context(None);

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Leaves an empty one behind.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// A linear search: programs have a handful of variables, and a scan of a
    /// few pairs beats hashing.
    pub(crate) fn get(&self, variable: u64) -> Option<Value> {
        let pairs = self.0.as_ref()?;
        let (_, value) = pairs.iter().find(|(id, _)| *id == variable)?;
        Some(Arc::clone(value))
    }

    /// Sets a value and hands back the one it displaces, so that the caller
    /// can drop it where no borrow is held: dropping runs the user's code.
    pub(crate) fn set(&mut self, variable: u64, value: Value) -> Option<Value> {
        let pairs = Arc::make_mut(self.0.get_or_insert_default());
        match pairs.iter_mut().find(|(id, _)| *id == variable) {
            Some((_, old)) => Some(std::mem::replace(old, value)),
            None => {
                pairs.push((variable, value));
                None
            }
        }
    }
}

thread_local! {
    /// What code outside any task sees: a plain thread's own context, or,
    /// inside a thread job, the context of the task that asked for it.
    static THREAD: RefCell<Context> = const { RefCell::new(Context::EMPTY) };
}

/// This thread's own context (not a task's). Empty while the thread exits.
pub(crate) fn of_thread() -> Context {
    THREAD
        .try_with(|context| context.borrow().clone())
        .unwrap_or_default()
}

/// Replaces this thread's own context and returns the one it had.
pub(crate) fn replace_thread(context: Context) -> Context {
    THREAD
        .try_with(|current| current.replace(context))
        .unwrap_or_default()
}
