//! Context variables: values that follow a task and what it spawns.
//!
//! **Invariant:** a value set in one task is seen by it and by what it spawns
//! or sends to a thread *afterwards*, and by nobody else.
//!
//! A room: the public face of `context`.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::context;
use crate::runtime::Runtime;

/// A variable with a value per task (asyncio: `contextvars.ContextVar`).
///
/// Spawned tasks start with their parent's values, calls given to
/// [`to_thread`](crate::to_thread) and
/// [`run_in_executor`](crate::run_in_executor) see their task's (asyncio's
/// `run_in_executor` does not), and destructors that a cancel runs see the
/// cancelled task's. Futures in a `gather` share their task's. Outside tasks a
/// value belongs to the thread, and `run` starts with it.
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
    /// Given out at the first use; 0 before. Being a cell, it also keeps the
    /// variable from being used as a `const`, each use of which would be a
    /// variable of its own.
    id: AtomicU64,
    value: PhantomData<fn() -> T>,
}

impl<T: Clone + Send + Sync + 'static> ContextVar<T> {
    /// A variable without a value, to be put in a `static`.
    pub const fn new(name: &'static str) -> Self {
        ContextVar {
            name,
            id: AtomicU64::new(0),
            value: PhantomData,
        }
    }

    /// The value in the running task, or in this thread outside of tasks.
    pub fn get(&'static self) -> Option<T> {
        let context = Runtime::with(|runtime| runtime.context());
        let context = context.unwrap_or_else(context::of_thread);
        let value = context.get(self.id())?;
        value.downcast_ref::<T>().cloned()
    }

    /// Sets the value in the running task, or in this thread outside of tasks.
    pub fn set(&'static self, value: T) {
        let value: Arc<dyn Any + Send + Sync> = Arc::new(value);
        let id = self.id();
        // What is displaced is dropped at the end, with nothing borrowed.
        let _displaced =
            match Runtime::with(|runtime| runtime.polled_task().map(|_| runtime.clone())) {
                Some(Some(runtime)) => {
                    let mut context = runtime.take_context();
                    let displaced = context.set(id, value);
                    runtime.set_context(context);
                    displaced
                }
                _ => {
                    let mut context = context::replace_thread(context::Context::EMPTY);
                    let displaced = context.set(id, value);
                    context::replace_thread(context);
                    displaced
                }
            };
    }

    /// The name it was made with.
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

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContextVar({:?})", self.name)
    }
}
