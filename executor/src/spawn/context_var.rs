//! Context variables: values that follow a task and what it spawns.
//!
//! **Invariant:** a value set in one task is seen by that task and by what it
//! spawns or sends to a thread *afterwards*, and by no other code.
//!
//! Called by users. Imports `event_loop::context`, which holds the values.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::event_loop::context::{self, ContextMap};
use crate::event_loop::runtime::Runtime;

/// Variable with one value per task (asyncio: `contextvars.ContextVar`).
///
/// Spawned tasks start with their parent's values, calls given to
/// [`to_thread`](crate::to_thread) and
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
    /// Assigned at the first use; 0 before. Being a cell, it also prevents use
    /// of the variable as a `const`, which would make each use a variable of its
    /// own.
    id: AtomicU64,
    value: PhantomData<fn() -> T>,
}

impl<T: Clone + Send + Sync + 'static> ContextVar<T> {
    /// Creates a variable without a value, for a `static`.
    pub const fn new(name: &'static str) -> Self {
        ContextVar {
            name,
            id: AtomicU64::new(0),
            value: PhantomData,
        }
    }

    /// Returns the value in the running task, or in this thread outside of
    /// tasks.
    pub fn get(&'static self) -> Option<T> {
        let context = Runtime::with(|runtime| runtime.inherited_context().1);
        let context = context.unwrap_or_else(context::of_thread);
        let value = context.get(self.id())?;
        value.downcast_ref::<T>().cloned()
    }

    /// Sets the value in the running task, or in this thread outside of tasks.
    pub fn set(&'static self, value: T) {
        let value: Arc<dyn Any + Send + Sync> = Arc::new(value);
        let id = self.id();
        // Dropped at the end, with nothing borrowed.
        let _displaced = match Runtime::with(|runtime| runtime.poll.task().map(|_| runtime.clone()))
        {
            Some(Some(runtime)) => {
                let mut context = runtime.take_context();
                let displaced = context.set(id, value);
                runtime.set_context(context);
                displaced
            }
            _ => {
                let mut context = context::replace_thread(ContextMap::EMPTY);
                let displaced = context.set(id, value);
                context::replace_thread(context);
                displaced
            }
        };
    }

    /// Returns the name it was created with.
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn id(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = self.id.load(Ordering::Relaxed);
        if id != 0 {
            return id;
        }
        let fresh = NEXT.fetch_add(1, Ordering::Relaxed);
        let claimed = self
            .id
            .compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed);
        claimed.map_or_else(|theirs| theirs, |_| fresh)
    }
}

impl Runtime {
    /// Takes the current task's map, to be changed and put back: while it is
    /// out, it is not shared with the task and need not be copied for it.
    fn take_context(&self) -> ContextMap {
        let mut tasks = self.tasks.borrow_mut();
        let task = self.poll.task().and_then(|key| tasks.get_mut(key));
        task.map_or(ContextMap::EMPTY, |task| task.context.take())
    }

    fn set_context(&self, context: ContextMap) {
        let mut tasks = self.tasks.borrow_mut();
        if let Some(task) = self.poll.task().and_then(|key| tasks.get_mut(key)) {
            task.context = context;
        }
    }
}

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContextVar({:?})", self.name)
    }
}
