//! `to_thread` and `run_in_executor`: calls that block, from inside the loop.
//!
//! **Invariant:** the loop never blocks: it submits the call to a pool, and the
//! end of the call comes back as a message, whether it ran or was abandoned.
//!
//! Called by users. Imports `pool`.

#[cfg(all(test, executor_loom))]
mod model;

use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll};
use std::time::Instant;

use super::pool::ThreadPool;
use crate::base::error::{Payload, catch_and_report};
use crate::base::hooks::JOB;
use crate::base::inbox::{Inbox, Message};
use crate::base::slab::JobKey;
use crate::base::sys::{Arc, Mutex, Ordering, lock};
use crate::event_loop::context::{self, ContextMap};
use crate::event_loop::runtime::{Job, PendingJob, Pool, Runtime, Started};

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
    ToThread::new(None, call, None, Location::caller())
}

/// Runs a blocking call on a thread of your own pool (asyncio:
/// `loop.run_in_executor`).
///
/// Unlike asyncio's, it starts when it is awaited, and the call sees the task's
/// context variables.
///
/// ```
/// use executor::{ThreadPool, run, run_in_executor};
///
/// let pool = ThreadPool::new(1);
/// assert_eq!(run(run_in_executor(&pool, || 2 + 2)), 4);
/// ```
///
/// # Panics
///
/// Like [`to_thread`].
#[track_caller]
pub fn run_in_executor<F, T>(pool: &ThreadPool, call: F) -> ToThread<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    ToThread::new(Some(pool.clone()), call, None, Location::caller())
}

/// Runs a blocking call that can stop early: its [`CancelCheck`] says whether
/// the result is still wanted (trio: `from_thread.check_cancelled`).
///
/// ```
/// use executor::{run, timeout, to_thread_with};
/// use std::time::Duration;
///
/// run(async {
///     let count = to_thread_with(|check| (0u64..).take_while(|_| check.is_wanted()).count());
///     assert!(timeout(Duration::from_millis(5), count).await.is_err());
///     // The call notices and ends; otherwise the loop could not end.
/// });
/// ```
///
/// # Panics
///
/// Like [`to_thread`].
#[track_caller]
pub fn to_thread_with<F, T>(call: F) -> ToThread<impl FnOnce() -> T + Send + use<F, T> + 'static, T>
where
    F: FnOnce(CancelCheck) -> T + Send + 'static,
    T: Send + 'static,
{
    let check = CancelCheck(Arc::new(AtomicBool::new(true)));
    let own = check.clone();
    ToThread::new(None, move || call(check), Some(own), Location::caller())
}

/// Tells a call on a thread whether its result is still wanted; see
/// [`to_thread_with`].
#[derive(Clone, Debug)]
pub struct CancelCheck(Arc<AtomicBool>);

impl CancelCheck {
    /// Returns `false` once the future was dropped: by a cancel, a timeout, or
    /// the end of the loop.
    pub fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The future of [`to_thread`], [`to_thread_with`] and [`run_in_executor`].
#[must_use = "nothing runs unless it is awaited"]
pub struct ToThread<F, T> {
    state: State<F, T>,
    check: Option<CancelCheck>,
    site: &'static Location<'static>,
}

enum State<F, T> {
    /// Not polled yet. Without a pool, the loop's own is used.
    New(F, Option<ThreadPool>),
    /// Submitted to a pool.
    Submitted(Submitted<F, T>),
    /// First polled while the loop was ending: never completes.
    Refused,
    Done,
}

struct Submitted<F, T> {
    call: Arc<Call<F, T>>,
    /// The job's key in the loop with the id `home`.
    key: JobKey,
    home: u64,
}

// The call is never polled, so nothing in here is pinned in place.
impl<F, T> Unpin for ToThread<F, T> {}

impl<F, T> ToThread<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn new(
        pool: Option<ThreadPool>,
        call: F,
        check: Option<CancelCheck>,
        site: &'static Location<'static>,
    ) -> Self {
        ToThread {
            state: State::New(call, pool),
            check,
            site,
        }
    }

    fn submit(
        &self,
        runtime: &Runtime,
        call: F,
        pool: Option<ThreadPool>,
        cx: &Context<'_>,
    ) -> Submitted<F, T> {
        runtime.driver.owner.claim();
        let waiter = runtime.poll.waiter(cx);
        let (task, site) = (waiter.task, self.site);
        let (_, context) = runtime.inherited_context();
        let mut submitted = None;
        let key = runtime.jobs.pending.borrow_mut().insert_with(|key| {
            let call = Arc::new(Call::new(call, context, runtime.inbox().clone(), key));
            submitted = Some(Arc::clone(&call));
            PendingJob {
                job: call,
                waiter,
                site,
                since: Instant::now(),
            }
        });
        let hooks = &runtime.hooks;
        hooks.emit(JOB, move |hook| hook.job_submit(key, task, site));
        let call = submitted.expect("set above");
        if let Err(error) = hand_over(runtime, pool, call.clone()) {
            call.abandon();
            drop(runtime.jobs.remove(key));
            panic!(
                "no thread could be started for the call at {site}: {error}; the process may have \
                 reached its limit of threads or memory"
            );
        }
        let home = runtime.id();
        Submitted { call, key, home }
    }
}

fn hand_over(
    runtime: &Runtime,
    pool: Option<ThreadPool>,
    job: Arc<dyn Job>,
) -> std::io::Result<()> {
    if let Some(pool) = pool {
        return pool.submit(job);
    }
    let mut own = runtime.jobs.pool.borrow_mut();
    own.get_or_insert_with(|| Box::new(ThreadPool::default_size()))
        .submit(job)
}

impl<F, T> Submitted<F, T> {
    /// Takes the result, or records the current task as the waiter.
    fn poll(&self, runtime: &Runtime, cx: &Context<'_>) -> Poll<T> {
        assert!(
            self.home == runtime.id(),
            "a thread call was polled on one loop and is now polled on another: its end is \
             reported to the loop that first polled it"
        );
        if let Some(result) = self.call.take() {
            return Poll::Ready(result.unwrap_or_else(|panic| resume_unwind(panic)));
        }
        let mut waiter = runtime.poll.waiter(cx);
        if let Some(job) = runtime.jobs.pending.borrow_mut().get_mut(self.key) {
            std::mem::swap(&mut job.waiter, &mut waiter);
        }
        drop(waiter); // may be a foreign waker: with nothing borrowed
        Poll::Pending
    }

    /// Gives up the wait; drops the call if it has not started.
    fn abandon(&self) {
        let key = self.key;
        let started = self.call.abandon_any();
        let Some(home) = Runtime::find(self.home) else {
            if started == Started::No {
                self.call.send_end(); // the loop is another thread's
            }
            return;
        };
        let mut jobs = home.jobs.pending.borrow_mut();
        let waiter = jobs.get_mut(key).map(|job| job.waiter.take());
        let removed = match started {
            Started::No => jobs.remove(key),
            Started::Yes => None,
        };
        drop(jobs);
        if removed.is_some() {
            home.hooks.emit(JOB, move |hook| hook.job_cancel(key));
        }
        drop((waiter, removed));
    }
}

impl<F, T> Future for ToThread<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        let runtime = Runtime::expect_current("to_thread");
        match std::mem::replace(&mut this.state, State::Done) {
            // A destructor polls it while the loop ends.
            State::New(..) if runtime.is_closing() => this.state = State::Refused,
            State::New(call, pool) => {
                this.state = State::Submitted(this.submit(&runtime, call, pool, cx));
            }
            State::Submitted(submitted) => match submitted.poll(&runtime, cx) {
                Poll::Ready(value) => return Poll::Ready(value),
                Poll::Pending => this.state = State::Submitted(submitted),
            },
            State::Refused => this.state = State::Refused,
            State::Done => panic!("a ToThread was polled after it was ready"),
        }
        Poll::Pending
    }
}

impl<F, T> Drop for ToThread<F, T> {
    fn drop(&mut self) {
        if let Some(check) = &self.check {
            check.0.store(false, Ordering::Relaxed);
        }
        if let State::Submitted(submitted) = &self.state {
            submitted.abandon();
        }
    }
}

impl<F, T> fmt::Debug for ToThread<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New(..) => "not started",
            State::Submitted(_) => "with a thread pool",
            State::Refused => "refused",
            State::Done => "over",
        };
        write!(f, "ToThread({state}, {})", self.site)
    }
}

/// A call, then its result; shared by the future and the pool thread.
struct Call<F, T> {
    stage: Mutex<Stage<F, T>>,
    /// The loop that waits for the result, and its key for the job.
    home: Arc<Inbox>,
    key: JobKey,
}

enum Stage<F, T> {
    /// Waiting for a thread, with the task's context variables.
    Queued(F, ContextMap),
    Running,
    Done(Result<T, Payload>),
    /// The result was taken, or is not wanted any more.
    Over,
}

impl<F, T> Call<F, T> {
    fn new(call: F, context: ContextMap, home: Arc<Inbox>, key: JobKey) -> Self {
        Call {
            stage: Mutex::new(Stage::Queued(call, context)),
            home,
            key,
        }
    }

    /// Takes the result, once.
    fn take(&self) -> Option<Result<T, Payload>> {
        let stage = &mut *lock(&self.stage);
        match std::mem::replace(stage, Stage::Over) {
            Stage::Done(result) => Some(result),
            other => {
                *stage = other;
                None
            }
        }
    }
}

impl<F, T> Job for Call<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(&self) {
        let queued = {
            let stage = &mut *lock(&self.stage);
            match std::mem::replace(stage, Stage::Running) {
                Stage::Queued(call, context) => Some((call, context)),
                other => {
                    *stage = other;
                    None
                }
            }
        };
        let Some((call, context)) = queued else {
            return; // abandoned
        };
        if let Some(hook) = self.home.remote_hook() {
            hook.job_start(self.key, Location::caller());
        }
        let outer = context::replace_thread(context);
        let result = catch_unwind(AssertUnwindSafe(call));
        context::replace_thread(outer);
        let panicked = result.is_err();
        self.settle(result);
        if let Some(hook) = self.home.remote_hook() {
            hook.job_finish(self.key, panicked, Location::caller());
        }
        self.send_end();
    }

    fn abandon(&self) -> Started {
        self.abandon_any()
    }
}

impl<F, T> Call<F, T> {
    /// Tells the loop that it need not wait for this job any more.
    fn send_end(&self) {
        // A closed loop has stopped waiting, and returns the message.
        let _ = self.home.send(Message::JobDone(self.key));
    }

    /// [`Job::abandon`] without its bounds, for destructors.
    fn abandon_any(&self) -> Started {
        // Dropped after the lock is released: a destructor may run any code.
        let (old, started) = {
            let stage = &mut *lock(&self.stage);
            let started = match stage {
                Stage::Queued(..) => Started::No,
                _ => Started::Yes,
            };
            (std::mem::replace(stage, Stage::Over), started)
        };
        drop_contained(old);
        started
    }

    /// Stores the result, or drops it if it is not wanted any more.
    fn settle(&self, result: Result<T, Payload>) {
        let unwanted = {
            let stage = &mut *lock(&self.stage);
            match stage {
                Stage::Running => {
                    *stage = Stage::Done(result);
                    None
                }
                _ => Some(result),
            }
        };
        drop_contained(unwanted);
    }
}

/// Drops a foreign value. Neither a pool thread nor the loop may unwind because
/// of its destructor.
fn drop_contained<T>(value: T) {
    catch_and_report(
        "the destructor of a value of an abandoned thread job",
        || {
            drop(value);
        },
    );
}
