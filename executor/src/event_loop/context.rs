//! Context map: which context variable has which value.
//!
//! Every task carries a [`ContextMap`]; a spawned task starts with its parent's.
//! **Invariant:** a shared map never changes: `set` copies it first
//! (copy-on-write), so a child sees the values as they were at its spawn, and a
//! parent never sees its child's.
//!
//! Carried by `task`, taken to pool threads by `blocking`, made public by
//! `spawn::context_var`. Imports `base::sys`.

use std::any::Any;
use std::cell::RefCell;

use crate::base::sys::{Arc, thread_local};

type Value = Arc<dyn Any + Send + Sync>;

/// A small persistent map from variable to value. Cloning it costs one
/// reference count; an empty one costs nothing at all.
#[derive(Clone, Default)]
pub(crate) struct ContextMap(Option<Arc<Vec<(u64, Value)>>>);

impl ContextMap {
    pub(crate) const EMPTY: ContextMap = ContextMap(None);

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// A linear search: programs have a handful of variables, and a scan of a
    /// few pairs beats hashing.
    pub(crate) fn get(&self, variable: u64) -> Option<Value> {
        let pairs = self.0.as_ref()?;
        let (_, value) = pairs.iter().find(|(id, _)| *id == variable)?;
        Some(Arc::clone(value))
    }

    /// Sets a value and returns the displaced one, which the caller drops where
    /// no borrow is held: its destructor may run any code.
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
    /// The map for code outside of tasks: the thread's own, or, inside a thread
    /// job, that of the task that submitted it.
    static THREAD: RefCell<ContextMap> = const { RefCell::new(ContextMap::EMPTY) };
}

/// Returns this thread's own map (not a task's). Empty while the thread exits.
pub(crate) fn of_thread() -> ContextMap {
    THREAD
        .try_with(|context| context.borrow().clone())
        .unwrap_or_default()
}

/// Replaces this thread's own map and returns the former one.
pub(crate) fn replace_thread(context: ContextMap) -> ContextMap {
    THREAD
        .try_with(|current| current.replace(context))
        .unwrap_or_default()
}
