//! A loop that is used more than once: `Runner`, its builder, and a loop on a
//! thread of its own.
//!
//! **Invariant:** between two runs nothing happens on the loop, and nothing is
//! lost: tasks, timers and context variables are where they were.
//!
//! On top of `run` and `shutdown`; nothing calls it but users.

mod builder;

use std::fmt;
use std::future::poll_fn;
use std::panic::{Location, resume_unwind};
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::context;
use crate::error::RunError;
use crate::remote::{Handle, RemoteHandle};
use crate::run::run_main;
use crate::runtime::{Runtime, Settings};
use crate::shutdown::shutdown;
use crate::spawn::{JoinHandle, spawn_on};
use crate::sys::{Arc, Mutex, lock};
pub use builder::Builder;

/// A loop for several runs (asyncio: `asyncio.Runner`).
///
/// Tasks that are left at the end of one run wait for the next; context
/// variables that a main future sets are there for the next one too. Dropping
/// the runner closes it.
///
/// ```
/// use executor::{Runner, spawn, yield_now};
///
/// let mut runner = Runner::new();
/// let task = runner.run(async {
///     spawn(async {
///         yield_now().await;
///         "survived"
///     })
/// });
/// assert!(!task.is_finished());
/// assert_eq!(runner.run(task).unwrap(), "survived");
/// ```
pub struct Runner {
    /// `None` once closed.
    runtime: Option<Rc<Runtime>>,
    /// The variables that the last main future left.
    context: context::Context,
}

impl Runner {
    /// A runner with the settings of [`run`](crate::run()).
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A runner to be: with virtual time, a seed, an instrument, and so on.
    pub fn builder() -> Builder {
        Builder::new(Settings::from_env())
    }

    /// A loop on a thread of its own, for those who cannot give up theirs: a
    /// notebook, a plain program that needs some async call now and then.
    ///
    /// ```
    /// use executor::{Runner, sleep};
    /// use std::time::Duration;
    ///
    /// let background = Runner::background();
    /// let answer = background.run(|| async {
    ///     sleep(Duration::from_millis(1)).await;
    ///     42
    /// });
    /// assert_eq!(answer, 42);
    /// ```
    ///
    /// # Panics
    ///
    /// If the thread cannot be started.
    pub fn background() -> Background {
        Background::start()
    }

    /// Runs a future, and the tasks of this loop meanwhile, until it returns
    /// (asyncio: `Runner.run`). Tasks that are left stay for the next run.
    ///
    /// # Panics
    ///
    /// With the panic of the future; if a loop is running on this thread; if
    /// the loop has stalled; if the runner was closed. [`try_run`](Self::try_run)
    /// gives errors for the last three.
    #[track_caller]
    pub fn run<F: Future>(&mut self, future: F) -> F::Output {
        match self.try_run(future) {
            Ok(output) => output,
            Err(error) => panic!("{error}"),
        }
    }

    /// Like [`run`](Self::run), with errors where that panics on misuse.
    ///
    /// # Errors
    ///
    /// [`RunError::AlreadyRunning`], [`RunError::Stalled`],
    /// [`RunError::Closed`].
    ///
    /// # Panics
    ///
    /// With the panic of the future.
    #[track_caller]
    pub fn try_run<F: Future>(&mut self, future: F) -> Result<F::Output, RunError> {
        let site = Location::caller();
        let runtime = self.runtime.as_ref().ok_or(RunError::Closed)?;
        let entered = runtime.enter().ok_or(RunError::AlreadyRunning)?;
        let result = run_main(runtime, future, &mut self.context, site);
        drop(entered);
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Starts a task, which makes no progress before the next run.
    ///
    /// # Panics
    ///
    /// If the runner was closed.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        match &self.runtime {
            Some(runtime) => spawn_on(Rc::clone(runtime), None, Location::caller(), future),
            None => panic!("{}", RunError::Closed),
        }
    }

    /// The way into this loop from other threads.
    ///
    /// # Panics
    ///
    /// If the runner was closed.
    #[track_caller]
    pub fn handle(&self) -> Handle {
        match &self.runtime {
            Some(runtime) => Handle::of(runtime),
            None => panic!("{}", RunError::Closed),
        }
    }

    /// Ends the loop as [`run`](crate::run()) does: cancels and drops its
    /// tasks, refuses calls from other threads, waits for thread jobs. Closing
    /// twice is fine.
    pub fn close(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        let entered = runtime.enter_over();
        shutdown(&runtime);
        drop(entered);
    }
}

impl Default for Runner {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.runtime {
            Some(runtime) => write!(f, "Runner({} tasks)", runtime.tasks.borrow().len()),
            None => write!(f, "Runner(closed)"),
        }
    }
}

/// A loop on a thread of its own; see [`Runner::background`]. `Send` and
/// `Sync`: put it in a `static` and use it from everywhere.
///
/// Dropping it ends the loop and waits for its thread.
pub struct Background {
    handle: Handle,
    stop: Arc<Stop>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Tells the main future of a background loop to return.
#[derive(Default)]
struct Stop(Mutex<(bool, Option<Waker>)>);

impl Stop {
    fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.0 {
            return Poll::Ready(());
        }
        state.1 = Some(cx.waker().clone());
        Poll::Pending
    }

    fn set(&self) {
        let waker = {
            let mut state = lock(&self.0);
            state.0 = true;
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Background {
    fn start() -> Self {
        let stop = Arc::new(Stop::default());
        let (send, receive) = mpsc::channel();
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("executor-background".into())
            .spawn(move || {
                crate::run(async move {
                    // Whoever started us waits for this, so it arrives.
                    let _ = send.send(Handle::current());
                    poll_fn(|cx| stopped.poll(cx)).await;
                });
            })
            .unwrap_or_else(|error| panic!("no thread could be started for a loop: {error}"));
        let handle = receive
            .recv()
            .expect("a new loop gives its handle before anything can fail");
        Background {
            handle,
            stop,
            thread: Some(thread),
        }
    }

    /// Runs a future on the loop and blocks this thread until it returns.
    ///
    /// # Panics
    ///
    /// With the panic of the future; on the loop's own thread, where the wait
    /// could never end.
    #[track_caller]
    pub fn run<M, F>(&self, make: M) -> F::Output
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send,
    {
        match self.handle.spawn(make).wait() {
            Ok(output) => output,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a task on the loop; see [`Handle::spawn`].
    #[track_caller]
    pub fn spawn<M, F>(&self, make: M) -> RemoteHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send,
    {
        self.handle.spawn(make)
    }

    /// The way into the loop.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.set();
        if let Some(thread) = self.thread.take() {
            // A panic of the loop was printed when it happened; here it must
            // not become a second one.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Background({:?})", self.handle)
    }
}
