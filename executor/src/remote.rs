//! The loop from other threads: `Handle`, `RemoteHandle`.
//!
//! **Invariant:** whoever asks gets an answer: a call that the loop cannot
//! take, or does not live to finish, ends in an error, never in a hang.
//!
//! A room: posts to `ready`'s mail slot and calls `spawn`'s way into
//! `runtime` when the letter arrives.

mod answer;
#[cfg(all(test, executor_loom))]
mod model;

use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project::pin_project;

use crate::error::{JoinError, caught, report};
use crate::join::Cell;
use crate::ready::{Mail, Mailbox};
use crate::runtime::{OnPanic, Runtime};
use crate::sys::{Arc, PoisonError, ThreadId, lock, this_thread};
use answer::{Answer, Promise, Stage};

/// The way into a loop from other threads (asyncio: `call_soon_threadsafe`,
/// `run_coroutine_threadsafe`).
///
/// `Send`, cheap to clone, and harmless when the loop is gone. While there is
/// one, a loop that has nothing to do waits for it instead of reporting a
/// stall.
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
pub struct Handle {
    mailbox: Arc<Mailbox>,
    /// The thread of the loop, on which a blocking wait would never end.
    home: ThreadId,
}

impl Handle {
    /// The handle of the loop that runs on this thread (asyncio:
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

    /// The same, or `None` where no loop runs.
    pub fn try_current() -> Option<Handle> {
        Runtime::current().map(|runtime| Handle::of(&runtime))
    }

    pub(crate) fn of(runtime: &Runtime) -> Handle {
        let mailbox = Arc::clone(runtime.ready.mailbox());
        mailbox.count_handle(1);
        Handle {
            mailbox,
            home: this_thread(),
        }
    }

    /// Sends `make` to the loop, which calls it and runs the future it makes
    /// as a task. The closure travels, the future does not: it may be `!Send`.
    ///
    /// Calls of one thread arrive in their order. If the loop has closed, or
    /// closes before the task ends, the handle says so.
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
        let answer = Answer::new();
        let promise = Promise {
            answer: Arc::clone(&answer),
            task: None,
        };
        let call = move || start(make, promise, site);
        // A closed loop gives the letter back; dropping it answers "closed".
        drop(self.mailbox.post(Mail::Run(Box::new(call))));
        RemoteHandle {
            answer,
            handle: self.clone(),
        }
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        self.mailbox.count_handle(1);
        Handle {
            mailbox: Arc::clone(&self.mailbox),
            home: self.home,
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.mailbox.count_handle(-1) == 0 {
            // A loop that waits only because of this handle must look again;
            // one that has closed need not. No panic if it cannot be rung for:
            // what drops this may be the panic of a ring before.
            if let Err(text) = caught(|| self.mailbox.post(Mail::Nudge).is_ok()) {
                report(format_args!("a loop's last handle was dropped: {text}"));
            }
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle(loop on {:?})", self.home)
    }
}

/// On the loop's thread: makes the future and its task.
fn start<M, F>(make: M, mut promise: Promise<F::Output>, site: &'static Location<'static>)
where
    M: FnOnce() -> F,
    F: Future + 'static,
    F::Output: Send,
{
    let Some(runtime) = Runtime::current() else {
        return; // dropping the promise answers
    };
    let identity = runtime.new_identity(None, site);
    let future = match catch_unwind(AssertUnwindSafe(make)) {
        Ok(future) => future,
        Err(panic) => {
            return promise
                .answer
                .give(Err(JoinError::panicked(identity, panic)));
        }
    };
    promise.task = Some(identity.clone());
    let answer = Arc::clone(&promise.answer);
    let task = runtime.admit(identity, || {
        Box::pin(Cell::Running(Reporting { future, promise }))
    });
    runtime.detach(task);
    let stage = std::mem::replace(&mut lock(&answer.slot).stage, Stage::Running(task));
    if stage == Stage::CancelRequested {
        runtime.request_cancel(task);
    }
}

/// A future that gives its output, or its panic, to another thread.
#[pin_project]
struct Reporting<F: Future> {
    #[pin]
    future: F,
    #[pin]
    promise: Promise<F::Output>,
}

impl<F: Future> Future for Reporting<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let result = catch_unwind(AssertUnwindSafe(|| this.future.as_mut().poll(cx)));
        let result = match result {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(panic) => {
                let stop = Runtime::with(|here| here.settings.on_panic == OnPanic::Stop);
                match this.promise.task.take() {
                    Some(task) if stop != Some(true) => Err(JoinError::panicked(task, panic)),
                    // It ends the run; whoever waits is told "cancelled".
                    _ => resume_unwind(panic),
                }
            }
        };
        this.promise.keep(result);
        Poll::Ready(())
    }
}

/// The way to the output of a task on another thread's loop (asyncio: the
/// `concurrent.futures.Future` of `run_coroutine_threadsafe`).
///
/// Await it on any loop, or [`wait`](Self::wait) for it on a plain thread.
/// Dropping it detaches the task.
pub struct RemoteHandle<T> {
    answer: Arc<Answer<T>>,
    handle: Handle,
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
    /// loop's own thread, one that says so: the wait could never end.
    pub fn wait(mut self) -> Result<T, JoinError> {
        loop {
            if let Some(result) = self.wait_timeout(Duration::MAX) {
                return result;
            }
        }
    }

    /// Like [`wait`](Self::wait), for at most `limit`: `None` if the task goes
    /// on.
    pub fn wait_timeout(&mut self, limit: Duration) -> Option<Result<T, JoinError>> {
        let started = Instant::now();
        let mut slot = lock(&self.answer.slot);
        loop {
            if let Some(result) = slot.result.take() {
                return Some(result);
            }
            if self.handle.home == this_thread() {
                return Some(Err(JoinError::own_thread()));
            }
            let left = limit.saturating_sub(started.elapsed());
            if left.is_zero() {
                return None;
            }
            let woken = self.answer.bell.wait_timeout(slot, left);
            slot = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Asks for the task to be dropped at its next turn; see
    /// [`JoinHandle::cancel`](crate::JoinHandle::cancel). `false` if it had
    /// ended.
    pub fn cancel(&self) -> bool {
        let mut slot = lock(&self.answer.slot);
        match slot.stage {
            Stage::Sent => {
                slot.stage = Stage::CancelRequested;
                true
            }
            Stage::Running(task) => {
                drop(slot);
                self.handle.mailbox.post(Mail::Cancel(task)).is_ok()
            }
            Stage::CancelRequested => true,
            Stage::Ended => false,
        }
    }

    /// Has it ended?
    pub fn is_finished(&self) -> bool {
        lock(&self.answer.slot).stage == Stage::Ended
    }
}

impl<T> Future for RemoteHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = lock(&self.answer.slot);
        if let Some(result) = slot.result.take() {
            return Poll::Ready(result);
        }
        assert!(
            slot.stage != Stage::Ended,
            "a RemoteHandle was polled after it gave its output"
        );
        let displaced = slot.waiter.replace(cx.waker().clone());
        drop(slot);
        drop(displaced);
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
