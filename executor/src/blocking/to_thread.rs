//! `to_thread` and `run_in_executor`: calls that block, from inside the loop.
//!
//! **Invariant:** the loop never blocks: it submits the call to a pool, and the
//! end of the call comes back as a message, whether it ran or was abandoned.
//!
//! Called by users. Imports `pool`.

#[cfg(all(test, executor_loom))]
mod model;

use std::cell::Cell;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use super::jobs::{PendingJob, ThreadJobs};
use super::pool::{Job, ThreadPool};
use crate::base::error::{Payload, catch_and_report};
use crate::base::hooks::JOB;
use crate::base::inbox::{Inbox, Message};
use crate::base::slab::JobKey;
use crate::base::sys::{Arc, Mutex, ThreadId, lock, this_thread, thread_local};
use crate::event_loop::context::{self, ContextMap};
use crate::event_loop::runtime::Runtime;

thread_local! {
    /// While a job runs on this thread: the thread of the loop that waits for it.
    static AWAITED_BY: Cell<Option<ThreadId>> = const { Cell::new(None) };
}

/// Returns the thread of the loop whose end waits for the job that runs on this
/// thread.
pub(crate) fn awaited_by() -> Option<ThreadId> {
    AWAITED_BY.try_with(Cell::get).ok().flatten()
}

/// Runs a blocking call on a thread, while the loop continues (asyncio:
/// `to_thread`).
///
/// The threads belong to the loop: at most four more than the machine has
/// cores, and no more than 32, started on demand and ended with the loop. The
/// call sees the task's context variables. Nothing happens before the first
/// poll.
///
/// It costs some microseconds, so it is for calls that take longer: files, name
/// look-ups, computations.
///
/// ```
/// let text = executor::run(async {
///     executor::to_thread(|| std::fs::read_to_string("Cargo.toml")).await
/// });
/// assert!(text.unwrap().contains("executor"));
/// ```
///
/// *Cancel safety:* dropping it before the call has started drops the call;
/// after that the call continues (a thread cannot be stopped) and its result is
/// dropped. The end of the loop waits for it; see
/// [`shutdown_timeout`](crate::Builder::shutdown_timeout).
///
/// An output that is not read is dropped with the future. Outputs that hold such
/// futures, with outputs of their own, are dropped inside each other, unlike those
/// of [`Handle::spawn`](crate::Handle::spawn): the stack limits how deep.
///
/// # Panics
///
/// With the panic of the call; if no thread could be started for it; when it
/// is first polled outside a running loop.
#[track_caller]
pub fn to_thread<F, T>(call: F) -> ToThread<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    ToThread::new(None, call, Location::caller())
}

/// The future of [`to_thread`] and [`run_in_executor`](crate::run_in_executor).
#[must_use = "nothing runs unless it is awaited"]
pub struct ToThread<F, T> {
    call: Arc<Call<F, T>>,
    /// `None` for the loop's own pool.
    pool: Option<ThreadPool>,
    state: State,
    site: &'static Location<'static>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    New,
    /// In the table of the loop with the id `home`.
    Submitted {
        key: JobKey,
        home: u64,
    },
    /// By a loop that was ending: the call was dropped, and never completes.
    Refused,
    Done,
}

impl<F, T> ToThread<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    pub(super) fn new(pool: Option<ThreadPool>, call: F, site: &'static Location<'static>) -> Self {
        ToThread {
            call: Arc::new(Call::new(call)),
            pool,
            state: State::New,
            site,
        }
    }

    /// Fails if no thread can be started; the future is then of no further use.
    fn submit(&mut self, runtime: &Runtime, cx: &Context<'_>) -> Poll<io::Result<T>> {
        runtime.driver.owner.claim();
        let waiter = runtime.poll.waiter(cx);
        let (task, site) = (waiter.task, self.site);
        let jobs = ThreadJobs::of(runtime);
        let key = jobs.pending.borrow_mut().insert(PendingJob {
            job: self.call.clone(),
            waiter,
            site,
            since: Instant::now(),
        });
        self.call.queue(Home {
            context: runtime.inherited_context().1,
            inbox: runtime.inbox().clone(),
            thread: this_thread(),
            key,
        });
        let hooks = &runtime.hooks;
        hooks.emit(JOB, move |hook| hook.job_submit(key, task, site));
        let home = runtime.id();
        self.state = State::Submitted { key, home };
        match self.hand_over(&jobs) {
            Ok(()) => Poll::Pending,
            // Dropping this future removes the job.
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn hand_over(&self, jobs: &ThreadJobs) -> io::Result<()> {
        if let Some(pool) = &self.pool {
            return pool.submit(self.call.clone());
        }
        let mut own = jobs.pool.borrow_mut();
        let own = own.get_or_insert_with(ThreadPool::default_size);
        own.submit(self.call.clone())
    }

    /// Polls as the future does, but fails if no thread can be started: for
    /// functions that return an error where this one panics.
    pub(crate) fn poll_call(&mut self, cx: &Context<'_>) -> Poll<io::Result<T>> {
        let runtime = Runtime::expect_current("to_thread");
        let (key, home) = match self.state {
            State::Submitted { key, home } => (key, home),
            // Polled by a destructor while the loop ends.
            State::New if runtime.closing.get() => {
                self.call.abandon_any();
                self.state = State::Refused;
                return Poll::Pending;
            }
            State::Refused => return Poll::Pending,
            State::New => return self.submit(&runtime, cx),
            State::Done => panic!("a ToThread was polled after it was ready"),
        };
        assert!(
            home == runtime.id(),
            "a thread call was polled on one loop and is now polled on another: its end is \
             reported to the loop that first polled it"
        );
        ready!(runtime.poll_budget(cx));
        let result = lock(&self.call.0).result.take();
        if let Some(result) = result {
            runtime.poll.consume_budget();
            self.state = State::Done;
            return Poll::Ready(Ok(result.unwrap_or_else(|panic| resume_unwind(panic))));
        }
        let mut waiter = runtime.poll.waiter(cx);
        let jobs = ThreadJobs::of(&runtime);
        if let Some(job) = jobs.pending.borrow_mut().get_mut(key) {
            std::mem::swap(&mut job.waiter, &mut waiter);
        }
        drop(waiter); // may be a foreign waker: with nothing borrowed
        Poll::Pending
    }
}

impl<F, T> Future for ToThread<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.poll_call(cx).map(|result| match result {
            Ok(output) => output,
            Err(error) => panic!(
                "no thread could be started for the call at {}: {error}; the process may have \
                 reached its limit of threads or memory",
                self.site
            ),
        })
    }
}

/// Gives up the wait, and drops the call if it has not started.
impl<F, T> Drop for ToThread<F, T> {
    fn drop(&mut self) {
        let State::Submitted { key, home } = self.state else {
            return;
        };
        let unstarted = self.call.abandon_any();
        let Some(home) = Runtime::find(home) else {
            if let Some(home) = unstarted {
                home.send_end(); // the loop is another thread's
            }
            return;
        };
        let jobs = ThreadJobs::of(&home);
        let removed = unstarted.and_then(|_| jobs.pending.borrow_mut().remove(key));
        if removed.is_some() {
            home.hooks.emit(JOB, move |hook| hook.job_cancel(key));
        }
        let mut pending = jobs.pending.borrow_mut();
        let waiter = pending.get_mut(key).map(|job| job.waiter.take());
        drop(pending);
        drop((waiter, removed));
    }
}

impl<F, T> fmt::Debug for ToThread<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::New => "not started",
            State::Submitted { .. } => "with a thread pool",
            State::Refused => "refused",
            State::Done => "over",
        };
        write!(f, "ToThread({state}, {})", self.site)
    }
}

/// A call, then its result; shared by the future and the pool thread.
struct Call<F, T>(Mutex<Parts<F, T>>);

struct Parts<F, T> {
    /// `None` once the call has started, or was abandoned.
    call: Option<F>,
    /// Set while the call waits for a thread.
    home: Option<Home>,
    result: Option<Result<T, Payload>>,
    /// Whether a result that is yet to come is to be dropped.
    is_abandoned: bool,
}

/// Where a queued call comes from: its task's context variables, the loop that
/// waits for the result, and the loop's key for the job.
struct Home {
    context: ContextMap,
    inbox: Arc<Inbox>,
    thread: ThreadId,
    key: JobKey,
}

impl Home {
    /// Tells the loop that it need not wait for this job any more.
    fn send_end(&self) {
        // A closed loop has stopped waiting, and returns the message.
        let _ = self.inbox.send(Message::JobDone(self.key));
    }
}

impl<F, T> Call<F, T> {
    fn new(call: F) -> Self {
        Call(Mutex::new(Parts {
            call: Some(call),
            home: None,
            result: None,
            is_abandoned: false,
        }))
    }

    fn queue(&self, home: Home) {
        lock(&self.0).home = Some(home);
    }

    /// [`Job::abandon`] without its bounds, for destructors. Returns the home of
    /// a call that was waiting for a thread.
    fn abandon_any(&self) -> Option<Home> {
        let mut parts = lock(&self.0);
        parts.is_abandoned = true;
        let mut home = parts.home.take();
        let (call, result) = (parts.call.take(), parts.result.take());
        drop(parts); // first: a destructor may run any code
        let context = home.as_mut().map(|home| std::mem::take(&mut home.context));
        drop_contained((call, context, result));
        home
    }
}

impl<F, T> Job for Call<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(&self) {
        let mut parts = lock(&self.0);
        let (Some(call), Some(mut home)) = (parts.call.take(), parts.home.take()) else {
            return; // abandoned
        };
        drop(parts);
        AWAITED_BY.with(|thread| thread.set(Some(home.thread)));
        let outer = context::replace_thread(std::mem::take(&mut home.context));
        let hook = home.inbox.remote_hook();
        if let Some(hook) = hook {
            hook.job_start(home.key, Location::caller());
        }
        let result = catch_unwind(AssertUnwindSafe(call));
        // A value that the call has set may have a destructor that panics.
        drop_contained(context::replace_thread(outer));
        let panicked = result.is_err();
        let mut parts = lock(&self.0);
        let unwanted = match parts.is_abandoned {
            true => Some(result),
            false => parts.result.replace(result),
        };
        drop(parts);
        drop_contained(unwanted);
        if let Some(hook) = hook {
            hook.job_finish(home.key, panicked, Location::caller());
        }
        AWAITED_BY.with(|thread| thread.set(None));
        home.send_end();
    }

    fn abandon(&self) -> bool {
        self.abandon_any().is_some()
    }
}

/// Drops a foreign value. Neither a pool thread nor the loop may unwind because
/// of its destructor.
fn drop_contained<T>(value: T) {
    let what = "the destructor of a value of a thread job";
    catch_and_report(what, || drop(value));
}
