//! `Builder`: the settings of a `Runner`.
//!
//! **Invariant:** building fails at nothing and takes nothing from the system.
//!
//! Called by users; `observe` adds the settings of observers. Imports `runner`.

use std::fmt;
use std::time::Duration;

use super::runner::Runner;
use crate::event_loop::context;
use crate::event_loop::runtime::{
    Compose, Composition, ObserveOptions, OnPanic, Runtime, Settings,
};

/// Settings of a new [`Runner`](crate::Runner).
///
/// ```
/// use executor::{Runner, now, sleep};
/// use std::time::Duration;
///
/// let mut runner = Runner::builder().virtual_time().seed(7).build();
/// runner.run(async {
///     let start = now();
///     sleep(Duration::from_secs(365 * 24 * 3600)).await; // takes no time at all
///     assert_eq!(now() - start, Duration::from_secs(365 * 24 * 3600));
/// });
/// ```
#[must_use = "a builder does nothing until `build`"]
#[derive(Default)]
pub struct Builder {
    pub(crate) settings: Settings,
    /// What the observers need to know.
    pub(crate) observe: ObserveOptions,
}

impl Builder {
    /// Makes the clock stand still while tasks are ready, and jump to the next
    /// deadline when none is: exact to the nanosecond, and the same in every
    /// run.
    ///
    /// The clock does not jump while a thread job runs. While a task waits for a
    /// socket, pipe or child process, it does not jump before 10 ms of real time
    /// have passed since something last went through one (bytes, a connection, a
    /// new or a closed socket): the other end may be about to answer. After these
    /// it jumps at once, until something goes through again. A peer that takes
    /// longer than that, in another thread or process, is overtaken by the clock:
    /// call it with [`to_thread`](crate::to_thread), which the clock waits for, or
    /// use real time.
    ///
    /// A program in which
    /// nothing can happen any more ends with
    /// [`RunError::Stalled`](crate::RunError::Stalled): at once if that is
    /// certain, after a [second](Self::stall_timeout) if another thread may hold
    /// a waker.
    pub fn virtual_time(mut self) -> Self {
        self.settings.virtual_time = true;
        self
    }

    /// Draws the order of each turn, of races and of ties from this seed, to
    /// find out what a program does in other orders than the usual one.
    ///
    /// With virtual time, the same seed gives the same orders, and the same trace,
    /// in programs whose events all come from the loop itself: tasks, timers,
    /// locks, queues. It does not cover what the system decides: when a socket,
    /// pipe, child process, signal or line of stdin is ready, when another thread
    /// ends its job or sends a wake, and with the real clock when a timer is due.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// Limits how long the end of the loop waits for thread jobs that have
    /// started. Without a limit it waits as long as they take; a job that takes
    /// longer than a second is reported on stderr either way.
    pub fn shutdown_timeout(mut self, limit: Duration) -> Self {
        self.settings.shutdown_timeout = Some(limit);
        self
    }

    /// Sets how long, in real time, a loop with virtual time waits for other
    /// threads when it has nothing to do itself. One second by default.
    pub fn stall_timeout(mut self, limit: Duration) -> Self {
        self.settings.stall_timeout = Some(limit);
        self
    }

    /// Sets what the panic of a task does to the others.
    pub fn on_panic(mut self, policy: OnPanic) -> Self {
        self.settings.on_panic = policy;
        self
    }

    /// Creates the runner. Takes nothing from the system yet.
    pub fn build(self) -> Runner {
        let runtime = Runtime::new(self.settings);
        runtime.register();
        Composition::observe(&runtime, self.observe);
        Runner {
            runtime: Some(runtime),
            context: context::of_thread(),
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}

impl Runner {
    /// Returns a builder: for virtual time, a seed, an instrument and more.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Creates a runner with the settings of [`run`](crate::run()).
    pub fn new() -> Self {
        Self::builder().build()
    }
}

impl Default for Runner {
    fn default() -> Self {
        Self::new()
    }
}
