//! Tasks, for those who use them: `spawn`, the handle, `yield_now`.
//!
//! **Invariant:** a task is owned by its loop and only named by its handle, so
//! dropping the handle never stops it, and never leaves it half alive.
//!
//! A room: calls `runtime`, and nothing calls it but users.

mod tree;

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use crate::error::JoinError;
use crate::info::{Identity, TaskId, TaskInfo};
use crate::join::Cell;
use crate::runtime::Runtime;
use crate::slab::TaskKey;

pub use tree::{print_task_tree, task_tree};

/// Starts a task: a future that runs beside its caller on the same loop
/// (asyncio: `create_task`).
///
/// The task is first polled in a later turn, after everything that is ready
/// already. It goes on when the handle is dropped (asyncio may lose such a
/// task to the garbage collector; here the loop owns it). The handle gives the
/// output.
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
/// While the loop ends, a spawn by some destructor is refused: the future is
/// dropped and the handle says "cancelled".
///
/// # Panics
///
/// Outside a running loop, at the caller's line.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    spawn_on(
        Runtime::expect_current("spawn"),
        None,
        Location::caller(),
        future,
    )
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
pub fn spawn_named<F>(name: impl Into<String>, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    let name = name.into().into_boxed_str();
    spawn_on(
        Runtime::expect_current("spawn_named"),
        Some(name),
        Location::caller(),
        future,
    )
}

/// Starts a task on a given loop.
#[inline]
pub(crate) fn spawn_on<F>(
    runtime: Rc<Runtime>,
    name: Option<Box<str>>,
    site: &'static Location<'static>,
    future: F,
) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    let identity = runtime.new_identity(name, site);
    let task = runtime.admit(identity, || Box::pin(Cell::Running(future)));
    JoinHandle {
        runtime,
        task,
        output: PhantomData,
    }
}

/// The way to a task's output (asyncio: the `Task` object).
///
/// Awaiting it gives the output, or a [`JoinError`] if the task was cancelled
/// or panicked. Dropping it detaches the task. A finished task's output stays
/// readable after the loop is gone.
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
/// When it is polled again after it gave its output.
pub struct JoinHandle<T> {
    runtime: Rc<Runtime>,
    task: TaskKey,
    output: PhantomData<fn() -> T>,
}

impl<T> JoinHandle<T> {
    /// Asks for the task to be dropped instead of polled at its next turn
    /// (asyncio: `Task.cancel`). Awaiting the handle then waits for that.
    ///
    /// Says whether this changed anything: `false` if the task had ended or
    /// was asked before. Unlike asyncio's, a cancel cannot be caught by the
    /// task: its destructors run, and that is all. A value that the task
    /// returned before its turn came is kept.
    ///
    /// ```
    /// executor::run(async {
    ///     let task = executor::spawn(std::future::pending::<()>());
    ///     assert!(task.cancel());
    ///     assert!(!task.cancel(), "asked before");
    ///     assert!(task.await.unwrap_err().is_cancelled());
    /// });
    /// ```
    pub fn cancel(&self) -> bool {
        self.runtime.request_cancel(self.task)
    }

    /// Turns the handle into a guard that cancels the task when it is dropped.
    ///
    /// ```
    /// executor::run(async {
    ///     let task = executor::spawn(std::future::pending::<()>());
    ///     let guard = task.cancel_on_drop();
    ///     drop(guard); // the task is dropped at its next turn
    /// });
    /// ```
    pub fn cancel_on_drop(self) -> CancelOnDrop<T> {
        CancelOnDrop { handle: Some(self) }
    }

    /// Has the task ended (asyncio: `Task.done`)?
    pub fn is_finished(&self) -> bool {
        self.runtime.has_ended(self.task)
    }

    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.identity().id
    }

    /// The task's name, or `Task-n` (asyncio: `Task.get_name`).
    pub fn name(&self) -> String {
        self.identity().name()
    }

    pub(crate) fn ask_to_stop(&self) {
        self.runtime.ask_to_stop(self.task);
    }

    fn identity(&self) -> Identity {
        let identity = self.runtime.identity(self.task);
        identity.expect("a task's entry stays as long as its handle")
    }
}

impl<T: 'static> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut output: Option<Result<T, JoinError>> = None;
        ready!(self.runtime.afford(cx));
        if self.runtime.read_output(self.task, &mut output) {
            self.runtime.spend();
            return Poll::Ready(output.expect("a JoinHandle was polled after it gave its output"));
        }
        let waiter = self.runtime.waiter(cx);
        self.runtime.set_join_waiter(self.task, waiter);
        Poll::Pending
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.runtime.detach(self.task);
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("finished", &self.is_finished())
            .finish()
    }
}

/// Cancels its task when it is dropped; see [`JoinHandle::cancel_on_drop`].
///
/// Awaiting it is awaiting the handle.
#[derive(Debug)]
#[must_use = "dropping the guard cancels the task at once"]
pub struct CancelOnDrop<T> {
    /// `None` once detached.
    handle: Option<JoinHandle<T>>,
}

impl<T> CancelOnDrop<T> {
    /// Gives the handle back: the task goes on.
    pub fn detach(mut self) -> JoinHandle<T> {
        self.handle
            .take()
            .expect("the guard holds the handle until here")
    }

    /// The handle.
    pub fn handle(&self) -> &JoinHandle<T> {
        self.handle.as_ref().expect("the guard holds the handle")
    }
}

impl<T: 'static> Future for CancelOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let handle = self.handle.as_mut().expect("the guard holds the handle");
        Pin::new(handle).poll(cx)
    }
}

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.cancel();
        }
    }
}

/// Lets every other ready task run once before this one goes on (asyncio:
/// `sleep(0)`).
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
///
/// let order = Rc::new(RefCell::new(Vec::new()));
/// let log = order.clone();
/// executor::run(async move {
///     let other = log.clone();
///     let task = executor::spawn(async move { other.borrow_mut().push("task") });
///     log.borrow_mut().push("main");
///     executor::yield_now().await;
///     log.borrow_mut().push("main again");
///     task.await.unwrap();
/// });
/// assert_eq!(*order.borrow(), ["main", "task", "main again"]);
/// ```
///
/// *Cancel safety:* dropping it does nothing.
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        match Runtime::current() {
            Some(runtime) => runtime.wake_polled(cx),
            None => cx.waker().wake_by_ref(), // on somebody else's executor
        }
        Poll::Pending
    }
}

/// The task that is running, if one is (asyncio: `current_task`).
///
/// In a destructor that a cancel runs it is the cancelled task; in the
/// destructor of an output that nobody read, the task that made it. Outside
/// tasks it is `None`.
///
/// ```
/// assert!(executor::current_task().is_none());
/// executor::run(async {
///     let me = executor::current_task().unwrap();
///     assert_eq!(me.name(), "Task-1");
///     assert!(me.spawned_at().file().ends_with(".rs"));
/// });
/// ```
pub fn current_task() -> Option<TaskInfo> {
    Runtime::with(|runtime| runtime.describe_polled()).flatten()
}

/// All tasks of the loop that runs on this thread, in order of spawning, with
/// what each waits for (asyncio: `all_tasks`, `print_call_graph`). Empty if
/// none runs.
///
/// ```
/// executor::run(async {
///     let task = executor::spawn_named("nap", executor::sleep(std::time::Duration::from_millis(1)));
///     executor::yield_now().await;
///     let nap = &executor::tasks()[1];
///     assert_eq!(nap.name(), "nap");
///     assert!(nap.to_string().contains("waits for sleep until"));
///     task.await.unwrap();
/// });
/// ```
pub fn tasks() -> Vec<TaskInfo> {
    Runtime::with(|runtime| runtime.list_tasks()).unwrap_or_default()
}
