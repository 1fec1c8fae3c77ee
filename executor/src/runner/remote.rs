//! `Handle` and `RemoteHandle`: a loop, as other threads use it.
//!
//! **Invariant:** every call is answered: one that the loop cannot accept, or
//! does not live to finish, gives an error, never a hang.
//!
//! Called by users. Imports `answer`, the inbox, and `spawn` for the task that a
//! call becomes.

#[cfg(all(test, executor_loom))]
mod model;

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project::pin_project;

use super::answer::{Answer, Promise, Stage};
use super::counted::CountedInbox;
use crate::base::error::{JoinError, Kind};
use crate::base::inbox::{Inbox, Message};
use crate::base::slab::TaskKey;
use crate::base::sys::{Arc, PoisonError, ThreadId, lock, this_thread};
use crate::base::waiter::Waiter;
use crate::event_loop::context::ContextMap;
use crate::event_loop::runtime::Runtime;
use crate::event_loop::task::{State, Task, Work};
use crate::spawn::handle::{TaskRef, begin_wait, end_wait};

/// Handle of a loop, for other threads (asyncio: `call_soon_threadsafe`,
/// `run_coroutine_threadsafe`).
///
/// `Send`, cheap to clone, and harmless when the loop is gone. While a handle
/// exists, or a [`RemoteHandle`] of a task that has not ended, a loop that has
/// nothing to do waits for it instead of reporting a stall.
///
/// ```
/// use executor::{Handle, run, spawn, to_thread};
///
/// run(async {
///     let handle = Handle::current();
///     let answer = to_thread(move || {
///         // on another thread: the closure goes to the loop and makes a future there
///         handle.spawn(|| async { 6 * 7 }).wait()
///     });
///     assert_eq!(answer.await.unwrap(), 42);
/// });
/// ```
#[derive(Clone)]
pub struct Handle {
    inbox: CountedInbox,
    /// The loop's thread, on which a blocking wait would never end.
    home: ThreadId,
}

impl Handle {
    /// Returns the handle of the loop that runs on this thread (asyncio:
    /// `get_running_loop`).
    ///
    /// # Panics
    ///
    /// Outside a running loop, at the caller's line.
    #[track_caller]
    pub fn current() -> Handle {
        let runtime = Runtime::expect_current("Handle::current");
        Handle::of(&runtime)
    }

    /// Returns the handle of the loop that runs on this thread, or `None` if
    /// none does.
    pub fn try_current() -> Option<Handle> {
        Runtime::current().map(|runtime| Handle::of(&runtime))
    }

    /// Returns the thread of the loop.
    pub(super) fn thread(&self) -> ThreadId {
        self.home
    }

    /// Returns whether this is the thread of the loop.
    pub(super) fn is_home(&self) -> bool {
        self.home == this_thread()
    }

    pub(crate) fn of(runtime: &Runtime) -> Handle {
        Handle {
            inbox: CountedInbox::new(runtime.inbox()),
            home: this_thread(),
        }
    }

    /// Sends `make` to the loop, which calls it and runs the future it returns
    /// as a task. Only the closure changes threads: the future may be `!Send`.
    ///
    /// Calls from one thread arrive in order. If the loop has closed, or closes
    /// before the task ends, the handle says so.
    ///
    /// The task starts with the context variables of the code that calls this.
    /// `make` runs as code of the task: what it sets is set for the task alone, and
    /// if it panics, the task has panicked.
    ///
    /// ```
    /// use executor::{Runner, spawn};
    ///
    /// let background = Runner::background();
    /// let handle = background.handle();
    /// let task = handle.spawn(|| async { *std::rc::Rc::new(25) });
    /// assert_eq!(task.wait().unwrap(), 25);
    /// ```
    ///
    /// What the closure holds must be `Send`:
    ///
    /// ```compile_fail,E0277
    /// fn refused(handle: &executor::Handle) {
    ///     let local = std::rc::Rc::new(1);
    ///     handle.spawn(move || async move { *local }); // an Rc cannot travel
    /// }
    /// ```
    #[track_caller]
    pub fn spawn<M, F>(&self, make: M) -> RemoteHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send,
    {
        let site = Location::caller();
        let answer = Answer::new(self.inbox.clone());
        let promise = Promise {
            answer: Arc::clone(&answer),
            result: None,
        };
        let context = Runtime::current_context();
        let call = move || start(make, promise, context, site);
        // A closed inbox returns the message; dropping it answers "closed".
        drop(self.inbox.send(Message::Run(Box::new(call))));
        RemoteHandle {
            answer,
            inbox: Arc::clone(&self.inbox),
            home: self.home,
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle(loop on {:?})", self.home)
    }
}

/// Creates the task and, as code of it, its future, on the loop's thread.
fn start<M, F>(
    make: M,
    promise: Promise<F::Output>,
    context: ContextMap,
    site: &'static Location<'static>,
) where
    M: FnOnce() -> F,
    F: Future + 'static,
    F::Output: Send,
{
    let runtime = Runtime::current().filter(|runtime| !runtime.closing.get());
    let Some(runtime) = runtime else {
        return; // dropping the promise answers
    };
    let answer = Arc::clone(&promise.answer);
    let future = None;
    let mut work = Box::pin(RemoteWork { future, promise });
    let task = Task::new(None, runtime.new_identity(None, site), None, context);
    let key = runtime.insert_task(task, None);
    let make = || catch_unwind(AssertUnwindSafe(make));
    match runtime.poll.with_current_task(key, make) {
        Ok(future) => {
            work.as_mut().project().future.set(Some(future));
            runtime.with_task(key, |task| task.work = Some(work));
        }
        Err(panic) => runtime.fail(key, work, Some(panic)),
    }
    let (is_cancelled, waiter) = answer.start(key);
    if is_cancelled {
        runtime.request_cancel(key);
    }
    drop(TaskRef {
        runtime: runtime.clone(),
        key,
    }); // detaches the task
    if let Some(waiter) = waiter {
        wait_for(&runtime, key, waiter);
    }
}

/// A future whose output goes to another thread. The loop drops it as soon as
/// the task has ended, which sends the result.
#[pin_project]
struct RemoteWork<F: Future> {
    #[pin]
    future: Option<F>,
    promise: Promise<F::Output>,
}

impl<F: Future> Work for RemoteWork<F> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let value = ready!(future.expect("the loop polls no finished task").poll(cx));
        this.promise.result = Some(Ok(value));
        this.future.set(None);
        Poll::Ready(())
    }

    fn drop_future(self: Pin<&mut Self>) {
        self.project().future.set(None);
    }

    fn fail(self: Pin<&mut Self>, error: JoinError) -> Result<(), JoinError> {
        let result = &mut self.project().promise.result;
        if result.is_some() {
            return Err(error);
        }
        *result = Some(Err(error));
        Ok(())
    }

    fn take(self: Pin<&mut Self>, _: &mut dyn Any) {
        unreachable!("no handle of this thread exists");
    }

    /// Returns `None`: a panic is the other thread's to read, or to report.
    fn error(&self) -> Option<&JoinError> {
        None
    }
}

/// Handle of a task on another thread's loop (asyncio: the
/// `concurrent.futures.Future` of `run_coroutine_threadsafe`).
///
/// Await it on any loop, or [`wait`](Self::wait) for it on a plain thread.
/// Dropping it detaches the task.
///
/// The result is given once: by a wait or by an await, also one through `&mut`.
///
/// *Cancel safety:* dropping the await loses nothing; the handle can be awaited
/// or waited for again.
///
/// # Panics
///
/// When it is awaited or waited for again after it gave its result.
pub struct RemoteHandle<T> {
    answer: Arc<Answer<T>>,
    inbox: Arc<Inbox>,
    /// The loop's thread.
    home: ThreadId,
}

impl<T> RemoteHandle<T> {
    /// Blocks this thread until the task has ended (asyncio:
    /// `future.result()`).
    ///
    /// ```
    /// use executor::{Handle, run};
    ///
    /// run(async {
    ///     let task = Handle::current().spawn(|| async { 1 });
    ///     let refused = task.wait().unwrap_err();
    ///     assert!(refused.to_string().contains("own thread"));
    /// });
    /// ```
    ///
    /// # Errors
    ///
    /// The task's [`JoinError`]; one that says the loop has closed; or, on the
    /// loop's own thread, one that says so: the wait could never end. The task
    /// then continues, detached.
    ///
    /// # Panics
    ///
    /// If the handle gave its result before.
    #[track_caller]
    pub fn wait(mut self) -> Result<T, JoinError> {
        let result = self.wait_timeout(Duration::MAX);
        result.expect("a limit of 584 billion years does not pass")
    }

    /// Blocks this thread until the task has ended, for at most `limit`; `None`
    /// if it has not.
    ///
    /// `Some` is the result, which is given once. On the loop's own thread it may
    /// also be the error of [`wait`](Self::wait): then the result is still to be
    /// awaited.
    ///
    /// # Panics
    ///
    /// If the handle gave its result before.
    #[track_caller]
    pub fn wait_timeout(&mut self, limit: Duration) -> Option<Result<T, JoinError>> {
        let started = Instant::now();
        let mut slot = lock(&self.answer.slot);
        loop {
            if let Some(result) = slot.take_result() {
                return Some(result);
            }
            if self.home == this_thread() {
                return Some(Err(JoinError::new(None, Kind::OwnThread)));
            }
            let left = limit.saturating_sub(started.elapsed());
            if left.is_zero() {
                return None;
            }
            let woken = self.answer.stored.wait_timeout(slot, left);
            slot = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Requests that the task be dropped at its next turn; see
    /// [`JoinHandle::cancel`](crate::JoinHandle::cancel).
    ///
    /// Returns whether this is the first request and the task has not ended, as
    /// far as this thread can know: a task may end before the request arrives.
    pub fn cancel(&self) -> bool {
        let mut slot = lock(&self.answer.slot);
        if slot.is_cancelled || matches!(slot.stage, Stage::Ended(_)) {
            return false;
        }
        slot.is_cancelled = true;
        let Some(task) = slot.task() else {
            return true; // it is cancelled when it arrives
        };
        drop(slot);
        self.inbox.send(Message::Cancel(task)).is_ok()
    }

    /// Returns whether the task has ended.
    pub fn is_finished(&self) -> bool {
        matches!(lock(&self.answer.slot).stage, Stage::Ended(_))
    }
}

impl<T> RemoteHandle<T> {
    /// Returns whether this is the loop of the task.
    fn is_loop(&self, runtime: &Runtime) -> bool {
        Arc::ptr_eq(runtime.inbox(), &self.inbox)
    }

    /// Tells a loop that asks that the handle is on its thread.
    fn tell(&self, home: &Runtime) {
        if let Some(mut at_home) = home.handles_at_home.take() {
            at_home.insert(Arc::as_ptr(&self.answer).addr());
            home.handles_at_home.set(Some(at_home));
        }
    }
}

/// Waits for a task of the current loop, as a [`JoinHandle`](crate::JoinHandle)
/// does. If it has ended, wakes the waiter: the result is stored before the next
/// turn.
fn wait_for(home: &Runtime, task: TaskKey, waiter: Waiter) {
    let is_alive = |task: &mut Task| task.state < State::Ending;
    match home.with_task(task, is_alive) {
        Some(true) => begin_wait(home, task, waiter),
        _ => home.wake_waiter(waiter),
    }
}

/// Dropping the handle ends its wait, on this thread or another.
impl<T> Drop for RemoteHandle<T> {
    fn drop(&mut self) {
        let (task, waiter, inbox) = {
            let mut slot = lock(&self.answer.slot);
            (slot.task(), slot.waiter.take(), slot.inbox.take())
        };
        drop((waiter, inbox)); // may be a foreign waker: with nothing locked
        let home = Runtime::current().filter(|here| self.is_loop(here));
        let Some(home) = home else { return };
        home.handles_at_home.take(); // the answer is out of date
        if let Some(task) = task {
            let waiter = home.with_task(task, |task| task.waiter.take());
            end_wait(&home, task, waiter.unwrap_or_default());
        }
    }
}

impl<T> Future for RemoteHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let here = Runtime::current();
        if let Some(here) = &here {
            ready!(here.poll_budget(cx));
        }
        let home = here.as_ref().filter(|here| self.is_loop(here));
        // With nothing locked, because cloning a waker may run any code.
        let waiter = match home {
            Some(home) => home.poll.waiter(cx),
            None => Waiter::foreign(cx.waker().clone()),
        };
        let mut slot = lock(&self.answer.slot);
        if let Some(result) = slot.take_result() {
            drop(slot);
            if let Some(here) = &here {
                here.poll.consume_budget();
            }
            return Poll::Ready(result);
        }
        let displaced = std::mem::replace(&mut slot.waiter, waiter);
        let started = home.and_then(|_| Some((slot.task()?, slot.waiter.take())));
        drop(slot);
        drop(displaced);
        if let Some(home) = home {
            self.tell(home);
            if let Some((task, waiter)) = started {
                wait_for(home, task, waiter);
            }
        }
        Poll::Pending
    }
}

impl<T> fmt::Debug for RemoteHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteHandle")
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
