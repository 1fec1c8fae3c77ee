//! Calls that block, from inside the loop: `to_thread`, `run_in_executor`.
//!
//! **Invariant:** the loop never blocks here: it hands the call over, and the
//! end of it comes back by mail.
//!
//! A room: calls `pool` and `runtime`.

use std::fmt;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use crate::pool::{Call, Job, Started, ThreadPool};
use crate::probe::{Event, WaitTarget, job_number};
use crate::runtime::{PendingJob, Runtime};
use crate::slab::JobKey;

/// Runs a call that blocks on a thread, while the loop goes on (asyncio:
/// `to_thread`).
///
/// The threads belong to the loop: at most four more than the machine has
/// cores (and no more than 32), started when needed, gone when the loop ends.
/// The call sees the task's context variables. Nothing happens before the
/// first poll.
///
/// It costs some microseconds, so it is for calls that take longer: files,
/// name look-ups, computations.
///
/// ```
/// let text = executor::run(async {
///     executor::to_thread(|| std::fs::read_to_string("Cargo.toml")).await
/// });
/// assert!(text.unwrap().contains("executor"));
/// ```
///
/// *Cancel safety:* dropping it before the call began drops the call; after
/// that the call goes on (a thread cannot be stopped) and its result is
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

/// Like [`to_thread`] on threads of your own (asyncio:
/// `loop.run_in_executor`).
///
/// Unlike asyncio's, it starts when it is awaited, and the call sees the
/// task's context variables.
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
/// As [`to_thread`].
#[track_caller]
pub fn run_in_executor<F, T>(pool: &ThreadPool, call: F) -> ToThread<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    ToThread::new(Some(pool.clone()), call, None, Location::caller())
}

/// Like [`to_thread`] for a call that can stop early: it is handed a
/// [`Waited`], and may ask it whether anybody still waits for the result
/// (trio: `from_thread.check_cancelled`).
///
/// ```
/// use executor::{run, timeout, to_thread_with};
/// use std::time::Duration;
///
/// run(async {
///     let count = to_thread_with(|waited| (0u64..).take_while(|_| waited.still()).count());
///     assert!(timeout(Duration::from_millis(5), count).await.is_err());
///     // The call has noticed and ends; without it the loop could not end.
/// });
/// ```
///
/// # Panics
///
/// As [`to_thread`].
#[track_caller]
pub fn to_thread_with<F, T>(call: F) -> ToThread<impl FnOnce() -> T + Send + use<F, T> + 'static, T>
where
    F: FnOnce(Waited) -> T + Send + 'static,
    T: Send + 'static,
{
    let waited = Waited(Arc::new(AtomicBool::new(true)));
    let ours = waited.clone();
    ToThread::new(None, move || call(waited), Some(ours), Location::caller())
}

/// Tells a call on a thread whether anybody waits for its result; see
/// [`to_thread_with`].
#[derive(Clone, Debug)]
pub struct Waited(Arc<AtomicBool>);

impl Waited {
    /// `false` once the future was dropped: by a cancel, a timeout, or the end
    /// of the loop.
    pub fn still(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The future of [`to_thread`], [`to_thread_with`] and [`run_in_executor`].
#[must_use = "nothing runs unless it is awaited"]
pub struct ToThread<F, T> {
    state: State<F, T>,
    waited: Option<Waited>,
    site: &'static Location<'static>,
}

enum State<F, T> {
    /// Not polled yet. `None` is the loop's own pool.
    New(F, Option<ThreadPool>),
    /// With a pool; `key` is its place in the loop's table.
    Submitted {
        call: Arc<Call<F, T>>,
        key: JobKey,
        runtime: u64,
    },
    /// The loop was ending when it was first polled.
    Refused,
    Over,
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
        waited: Option<Waited>,
        site: &'static Location<'static>,
    ) -> Self {
        ToThread {
            state: State::New(call, pool),
            waited,
            site,
        }
    }

    fn submit(&mut self, runtime: &Runtime, call: F, pool: Option<ThreadPool>, cx: &Context<'_>) {
        runtime.settle_in_process();
        let waiter = runtime.waiter(cx);
        let task = waiter.task;
        let context = runtime.context();
        let home = runtime.ready.mailbox().clone();
        let (mut submitted, mut queued) = (None, None);
        let key = runtime.jobs.borrow_mut().insert_with(|key| {
            let call = Arc::new(Call::new(call, context, home, key));
            submitted = Some(Arc::clone(&call));
            queued = Some(Arc::clone(&call));
            PendingJob {
                job: call,
                waiter,
                site: self.site,
                since: Instant::now(),
            }
        });
        runtime.emit(|probe| Event::JobSubmit {
            job: job_number(key),
            task: probe.id(task),
            at: self.site.to_string(),
        });
        runtime.emit(move |probe| Event::Await {
            task: probe.id(task),
            on: WaitTarget::Job(job_number(key)),
        });
        let (Some(call), Some(queued)) = (submitted, queued) else {
            unreachable!("a job was inserted");
        };
        let handed_over = match &pool {
            Some(pool) => pool.submit(queued),
            None => runtime.submit_to_default_pool(queued),
        };
        if let Err(error) = handed_over {
            call.abandon();
            let job = runtime.jobs.borrow_mut().remove(key);
            drop(job);
            panic!(
                "no thread could be started for the call at {}: {error}; the process may have \
                 reached its limit of threads or memory",
                self.site
            );
        }
        self.state = State::Submitted {
            call,
            key,
            runtime: runtime.number(),
        };
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
        match std::mem::replace(&mut this.state, State::Over) {
            State::New(call, pool) if runtime.is_closing() => {
                // A destructor polls us while the loop ends: refused, always.
                this.state = State::Refused;
                drop((call, pool));
                Poll::Pending
            }
            State::New(call, pool) => {
                this.submit(&runtime, call, pool, cx);
                Poll::Pending
            }
            State::Refused => {
                this.state = State::Refused;
                Poll::Pending
            }
            State::Submitted {
                call,
                key,
                runtime: number,
            } => {
                if number != runtime.number() {
                    this.state = State::Submitted {
                        call,
                        key,
                        runtime: number,
                    };
                    panic!(
                        "a thread call was polled on one loop and is now polled on another: its \
                         end is told to the loop that first polled it"
                    );
                }
                if let Some(result) = call.take() {
                    return Poll::Ready(result.unwrap_or_else(|panic| resume_unwind(panic)));
                }
                let waiter = runtime.waiter(cx);
                let displaced = match runtime.jobs.borrow_mut().get_mut(key) {
                    Some(job) => std::mem::replace(&mut job.waiter, waiter),
                    None => waiter,
                };
                drop(displaced);
                this.state = State::Submitted {
                    call,
                    key,
                    runtime: number,
                };
                Poll::Pending
            }
            State::Over => panic!("a ToThread was polled after it was ready"),
        }
    }
}

impl<F, T> Drop for ToThread<F, T> {
    fn drop(&mut self) {
        if let Some(waited) = &self.waited {
            waited.0.store(false, Ordering::Relaxed);
        }
        let State::Submitted { call, key, runtime } = &self.state else {
            return;
        };
        let (key, number) = (*key, *runtime);
        let started = call.abandon_any();
        let dropped = Runtime::find(number).map(|home| {
            let mut jobs = home.jobs.borrow_mut();
            let waiter = jobs.get_mut(key).map(|job| job.waiter.take());
            let job = (started == Started::No).then(|| jobs.remove(key));
            drop(jobs);
            if let Some(Some(_)) = job {
                home.emit(move |_| Event::JobCancel {
                    job: job_number(key),
                });
            }
            (waiter, job)
        });
        if dropped.is_none() && started == Started::No {
            call.tell_home(); // from another thread: by mail
        }
        drop(dropped);
    }
}

impl<F, T> fmt::Debug for ToThread<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New(..) => "not started",
            State::Submitted { .. } => "with a thread pool",
            State::Refused => "refused",
            State::Over => "over",
        };
        write!(f, "ToThread({state}, {})", self.site)
    }
}
