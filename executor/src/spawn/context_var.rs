//! Context variables: values that follow a task and what it spawns.
//!
//! **Invariant:** a value set in one task is seen by that task and by what it
//! spawns or sends to a thread *afterwards*, and by no other code.
//!
//! Called by users. Imports `event_loop::context`, which holds the values.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::event_loop::context::{self, ContextMap};
use crate::event_loop::runtime::Runtime;

/// Variable with one value per task (asyncio: `contextvars.ContextVar`).
///
/// Spawned tasks start with the values of the code that spawns them, also through
/// a [`Handle`](crate::Handle) or a [`Background`](crate::Background) (asyncio:
/// `run_coroutine_threadsafe`); calls given to [`to_thread`](crate::to_thread) and
/// [`run_in_executor`](crate::run_in_executor) see their task's (asyncio's
/// `run_in_executor` does not), and destructors that a cancel runs see the
/// cancelled task's. Futures in a `gather` share their task's. Outside of tasks
/// a value belongs to the thread, and `run` starts with it.
///
/// ```
/// use executor::{ContextVar, run, spawn, to_thread};
///
/// static REQUEST: ContextVar<u64> = ContextVar::new("request");
///
/// run(async {
///     REQUEST.set(7);
///     let child = spawn(async {
///         let inherited = REQUEST.get();
///         REQUEST.set(8);
///         (inherited, to_thread(|| REQUEST.get()).await)
///     });
///     assert_eq!(child.await.unwrap(), (Some(7), Some(8)));
///     assert_eq!(REQUEST.get(), Some(7), "a child's value stays with the child");
/// });
/// ```
pub struct ContextVar<T: 'static> {
    name: &'static str,
    /// Assigned at the first use. Being a cell, it also prevents use of the
    /// variable as a `const`, which would make each use a variable of its own.
    id: OnceLock<u64>,
    value: PhantomData<fn() -> T>,
}

impl<T: Clone + Send + Sync + 'static> ContextVar<T> {
    /// Creates a variable without a value, for a `static`.
    pub const fn new(name: &'static str) -> Self {
        ContextVar {
            name,
            id: OnceLock::new(),
            value: PhantomData,
        }
    }

    /// Returns the value in the running task, or in this thread outside of
    /// tasks.
    pub fn get(&'static self) -> Option<T> {
        let value = Runtime::current_context().get(self.id())?;
        value.downcast_ref::<T>().cloned()
    }

    /// Sets the value in the running task, or in this thread outside of tasks.
    pub fn set(&'static self, value: T) {
        // While the map is taken out, it is not shared with the task and need
        // not be copied for it.
        let mut context = replace_current(ContextMap::EMPTY);
        let displaced = context.set(self.id(), Arc::new(value));
        replace_current(context);
        drop(displaced); // may run any code: with nothing borrowed
    }

    /// Returns the name it was created with.
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn id(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        *self.id.get_or_init(|| NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Replaces the map of the current task, or of this thread outside of tasks, and
/// returns the former one.
fn replace_current(mut context: ContextMap) -> ContextMap {
    let in_task = Runtime::with(|runtime| {
        let key = runtime.poll.task()?;
        if let Some(task) = runtime.tasks.borrow_mut().get_mut(key) {
            std::mem::swap(&mut task.context, &mut context);
        }
        Some(())
    });
    match in_task.flatten() {
        Some(()) => context,
        None => context::replace_thread(context),
    }
}

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContextVar({:?})", self.name)
    }
}
