//! `spawn` and the handle of a task.
//!
//! **Invariant:** a task is owned by its loop and only named by its handle, so
//! dropping the handle never stops it, and never leaves it half alive.
//!
//! Called by users; [`TaskRef`] also by `scope`.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use crate::base::error::JoinError;
use crate::base::hooks::WAIT;
use crate::base::slab::TaskKey;
use crate::base::task_info::{Identity, TaskId};
use crate::base::waiter::Waiter;
use crate::event_loop::runtime::Runtime;
use crate::event_loop::task::{BoxedWork, Cell, Task};

/// Starts a task: a future that runs beside its caller on the same loop
/// (asyncio: `create_task`).
///
/// The task is first polled in a later turn, after everything that is ready
/// already. Dropping the handle does not stop it (asyncio may lose such a task
/// to the garbage collector; this loop owns it). The handle gives the output.
///
/// ```
/// executor::run(async {
///     let task = executor::spawn(async { 6 * 7 });
///     assert_eq!(task.await.unwrap(), 42);
/// });
/// ```
///
/// A task may outlive its spawner, so it cannot borrow from it;
/// [`scope`](crate::scope()) is for tasks that do:
///
/// ```compile_fail,E0373
/// executor::run(async {
///     let local = 1;
///     executor::spawn(async { &local; });
/// });
/// ```
///
/// While the loop ends, a spawn by a destructor is refused: the future is
/// dropped and the handle says "cancelled". If that future's destructor spawns
/// in turn, and so on, those 32 deep and deeper are dropped one after another
/// instead of inside each other.
///
/// # Panics
///
/// Outside a running loop, at the caller's line.
#[track_caller]
pub fn spawn<F: Future + 'static>(future: F) -> JoinHandle<F::Output> {
    let runtime = Runtime::expect_current("spawn");
    spawn_on(runtime, None, Location::caller(), future)
}

/// Starts a task with a name, which errors, listings and traces show (asyncio:
/// `create_task(.., name=..)`). A task without one is called `Task-n`.
///
/// ```
/// executor::run(async {
///     let task = executor::spawn_named("tea", async {
///         executor::current_task().unwrap().name()
///     });
///     assert_eq!(task.await.unwrap(), "tea");
/// });
/// ```
///
/// # Panics
///
/// Outside a running loop, at the caller's line.
#[track_caller]
pub fn spawn_named<F: Future + 'static>(
    name: impl Into<String>,
    future: F,
) -> JoinHandle<F::Output> {
    let runtime = Runtime::expect_current("spawn_named");
    let name = name.into().into_boxed_str();
    spawn_on(runtime, Some(name), Location::caller(), future)
}

/// Starts a task on a given loop.
#[inline]
pub(crate) fn spawn_on<F: Future + 'static>(
    runtime: Rc<Runtime>,
    name: Option<Box<str>>,
    site: &'static Location<'static>,
    future: F,
) -> JoinHandle<F::Output> {
    let identity = runtime.new_identity(name, site);
    JoinHandle {
        task: add_task(runtime, identity, Box::pin(Cell::Running(future))),
        output: PhantomData,
    }
}

/// Adds a task to a loop and queues it for its first poll.
///
/// A closing loop refuses it: the task ends as cancelled, and its future is
/// dropped unpolled. No panic, because destructors spawn.
#[inline]
fn add_task(runtime: Rc<Runtime>, identity: Identity, work: BoxedWork) -> TaskRef {
    let (parent, context) = runtime.inherited_context();
    let task = Task::new(Some(work), identity, parent, context);
    let key = runtime.insert_task(task, None);
    TaskRef { runtime, key }
}

/// What every handle of a task has: its loop and its key. Dropping it detaches
/// the task.
pub(crate) struct TaskRef {
    pub(crate) runtime: Rc<Runtime>,
    pub(crate) key: TaskKey,
}

impl TaskRef {
    /// Waits for the end of the task, and consumes budget when it has come: that
    /// of the loop that polls, which may be another one than the task's.
    ///
    /// # Panics
    ///
    /// If the task has not ended and another loop than its own polls.
    #[inline]
    pub(crate) fn poll_end(&self, cx: &Context<'_>, has_ended: impl FnOnce() -> bool) -> Poll<()> {
        let here = Runtime::current();
        if let Some(here) = &here {
            ready!(here.poll_budget(cx));
        }
        if has_ended() {
            if let Some(here) = &here {
                here.poll.consume_budget();
            }
            return Poll::Ready(());
        }
        assert!(
            here.is_none_or(|here| Rc::ptr_eq(&here, &self.runtime)),
            "the handle of a task was awaited on another loop than the task's: the task makes no \
             progress while another loop runs. Await it in a run of its own `Runner`, or start \
             the task with `Handle::spawn`, whose handle can be awaited anywhere"
        );
        begin_wait(&self.runtime, self.key, self.runtime.poll.waiter(cx));
        Poll::Pending
    }

    /// Moves the output of a finished task to `out`. Returns `false` if the
    /// task has not finished; `out` stays empty if the output was read before.
    #[inline]
    fn read_output(&self, out: &mut dyn Any) -> bool {
        let work = match self.runtime.tasks.borrow_mut().get_mut(self.key) {
            Some(task) if task.is_finished() => task.work.take(),
            Some(_) => return false,
            None => None,
        };
        if let Some(mut work) = work {
            work.as_mut().take(out);
        }
        true
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.runtime.has_ended(self.key)
    }

    pub(crate) fn identity(&self) -> Identity {
        let identity = self.runtime.identity(self.key);
        identity.expect("a task's slot stays as long as its handle")
    }

    pub(crate) fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("id", &self.identity().id)
            .field("name", &self.identity().name())
            .field("finished", &self.is_finished())
            .finish()
    }
}

/// The task continues without its handle or, if it has finished, is removed and
/// its unread output dropped.
impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        let (runtime, key) = (&*self.runtime, self.key);
        let (waiter, unread) = {
            let mut tasks = runtime.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(key) else {
                return;
            };
            task.has_handle = false;
            let unread = task.is_finished().then_some(task.work.is_some());
            (task.waiter.take(), unread)
        };
        end_wait(runtime, key, waiter);
        match unread {
            None => {}
            Some(false) => runtime.remove(key),
            Some(true) => runtime.drop_now(key),
        }
    }
}

/// Registers the party that waits for the end of a task.
#[inline]
pub(crate) fn begin_wait(runtime: &Runtime, key: TaskKey, mut waiter: Waiter) {
    let by = waiter.task;
    let hooks = &runtime.hooks;
    hooks.emit(WAIT, move |hook| hook.join_wait(key, by));
    if let Some(task) = runtime.tasks.borrow_mut().get_mut(key) {
        std::mem::swap(&mut task.waiter, &mut waiter);
    }
    drop(waiter); // the displaced one, with nothing borrowed
}

/// Drops the waiter of a task, which no longer waits.
#[inline]
pub(crate) fn end_wait(runtime: &Runtime, key: TaskKey, waiter: Waiter) {
    if waiter.is_some() {
        let by = waiter.task;
        let hooks = &runtime.hooks;
        hooks.emit(WAIT, move |hook| hook.join_wait_end(key, by));
    }
}

/// Handle of a spawned task (asyncio: the `Task` object).
///
/// Awaiting it gives the output, or a [`JoinError`] if the task was cancelled
/// or panicked. Dropping it detaches the task. A finished task's output stays
/// readable when the loop is gone: in another loop, or on another executor.
///
/// An unfinished task makes progress only in runs of its own loop. Another
/// executor on the same thread that polls the handle is woken at the end of the
/// task; but if it blocks the thread until then, it waits forever.
///
/// *Cancel safety:* dropping the await loses nothing; the handle can be
/// awaited again, by reference too.
///
/// It cannot leave its thread:
///
/// ```compile_fail,E0277
/// executor::run(async {
///     let task = executor::spawn(async { 1 });
///     std::thread::spawn(move || drop(task)); // a JoinHandle is not Send
/// });
/// ```
///
/// # Panics
///
/// When it is polled again after it gave its output. When another loop polls it
/// before the task has ended; the handle of [`Handle::spawn`](crate::Handle::spawn)
/// can be awaited on any loop.
pub struct JoinHandle<T> {
    pub(crate) task: TaskRef,
    output: PhantomData<fn() -> T>,
}

impl<T> JoinHandle<T> {
    /// Requests that the task be dropped instead of polled at its next turn
    /// (asyncio: `Task.cancel`). Awaiting the handle then waits for that.
    ///
    /// Returns whether this changed anything: `false` if the task had ended or
    /// was cancelled before (asyncio's second request says `True` until the task
    /// has ended, because there a task may have caught the first). A cancel cannot
    /// be caught by the task: its destructors run, and that is all. A value that
    /// the task returned before its turn came is kept.
    ///
    /// ```
    /// executor::run(async {
    ///     let task = executor::spawn(std::future::pending::<()>());
    ///     assert!(task.cancel());
    ///     assert!(!task.cancel(), "cancelled before");
    ///     assert!(task.await.unwrap_err().is_cancelled());
    /// });
    /// ```
    pub fn cancel(&self) -> bool {
        self.task.runtime.request_cancel(self.task.key)
    }

    /// Returns whether the task has ended (asyncio: `Task.done`).
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// Returns the task's number.
    pub fn id(&self) -> TaskId {
        self.task.identity().id
    }

    /// Returns the task's name, or `Task-n` (asyncio: `Task.get_name`).
    pub fn name(&self) -> String {
        self.task.identity().name()
    }
}

impl<T: 'static> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut output: Option<Result<T, JoinError>> = None;
        let task = &self.task;
        ready!(task.poll_end(cx, || task.read_output(&mut output)));
        Poll::Ready(output.expect("a JoinHandle was polled after it gave its output"))
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt("JoinHandle", f)
    }
}
