//! `Runner`: a loop for several runs.
//!
//! **Invariant:** between two runs nothing happens on the loop, and nothing is
//! lost: tasks, timers and context variables stay as they are.
//!
//! Called by users. Imports `remote`.

use std::fmt;
use std::panic::{Location, resume_unwind};
use std::rc::Rc;

use super::remote::Handle;
use crate::base::error::RunError;
use crate::event_loop::context::ContextMap;
use crate::event_loop::run::run_main;
use crate::event_loop::runtime::Runtime;
use crate::event_loop::shutdown::shutdown;
use crate::spawn::handle::{JoinHandle, spawn_on};

/// A loop for several runs (asyncio: `asyncio.Runner`).
///
/// Tasks that remain at the end of one run wait for the next; context variables
/// that a main future sets are kept for the next one too. Dropping the runner
/// closes it.
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
    pub(super) runtime: Option<Rc<Runtime>>,
    /// The context variables of the last main future.
    pub(super) context: ContextMap,
}

impl Runner {
    /// Runs a future, and the tasks of this loop meanwhile, until it returns
    /// (asyncio: `Runner.run`). Remaining tasks stay for the next run.
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

    /// Runs a future like [`run`](Self::run), but returns an error for misuse
    /// and stalls.
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
        let runtime = Rc::clone(self.open_loop());
        spawn_on(runtime, None, Location::caller(), future)
    }

    /// Returns a handle of this loop for other threads.
    ///
    /// # Panics
    ///
    /// If the runner was closed.
    #[track_caller]
    pub fn handle(&self) -> Handle {
        Handle::of(self.open_loop())
    }

    #[track_caller]
    fn open_loop(&self) -> &Rc<Runtime> {
        match &self.runtime {
            Some(runtime) => runtime,
            None => panic!("{}", RunError::Closed),
        }
    }

    /// Ends the loop as [`run`](crate::run()) does: cancels and drops its
    /// tasks, refuses calls from other threads, waits for thread jobs. Has no
    /// effect the second time.
    pub fn close(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        let entered = runtime.enter_over();
        shutdown(&runtime);
        drop(entered);
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
