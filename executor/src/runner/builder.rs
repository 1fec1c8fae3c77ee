//! What a runner can be told before it exists.
//!
//! **Invariant:** building fails at nothing and takes nothing from the system.

use std::fmt;
use std::time::Duration;

use super::Runner;
use crate::context;
use crate::instrument::{Instrument, watch_as_asked};
use crate::runtime::{OnPanic, Runtime, Settings};

/// A [`Runner`] to be.
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
pub struct Builder {
    settings: Settings,
    instrument: Option<Box<dyn Instrument>>,
}

impl Builder {
    pub(super) fn new(settings: Settings) -> Self {
        Builder {
            settings,
            instrument: None,
        }
    }

    /// Lets the clock stand still while tasks are ready, and jump to the next
    /// deadline when none is: exact to the nanosecond, and the same in every
    /// run.
    ///
    /// The clock does not jump while a thread job runs. A program in which
    /// nothing can happen any more ends in [`RunError::Stalled`](crate::RunError::Stalled): at once
    /// where that is certain, after a
    /// [second](Self::stall_timeout) where another thread may hold a waker.
    pub fn virtual_time(mut self) -> Self {
        self.settings.virtual_time = true;
        self
    }

    /// Draws the order of each turn, of races and of ties from this seed, to
    /// find out what a program does in other orders than the usual one. The
    /// same seed gives the same orders.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// Debug mode (asyncio: `run(.., debug=True)`). Also on when the
    /// environment has `EXECUTOR_DEBUG=1`. Reports on stderr, each thing once:
    ///
    /// - a task that waits though nothing can ever wake it;
    /// - a poll that takes longer than [100 ms](Self::slow_poll), while it
    ///   still goes on, from a thread of its own.
    pub fn debug(mut self, on: bool) -> Self {
        self.settings.debug = on;
        self
    }

    /// In debug mode, how long one poll may take before it is reported
    /// (asyncio: `loop.slow_callback_duration`). 100 ms by default.
    pub fn slow_poll(mut self, limit: Duration) -> Self {
        self.settings.slow_poll = limit;
        self
    }

    /// How long the end of the loop waits for thread jobs that have started.
    /// Without it, as long as they take; a job that takes longer than a second
    /// is named on stderr either way.
    pub fn shutdown_timeout(mut self, limit: Duration) -> Self {
        self.settings.shutdown_timeout = Some(limit);
        self
    }

    /// How long, in real time, a loop with virtual time waits for other
    /// threads when it has nothing to do itself. One second by default.
    pub fn stall_timeout(mut self, limit: Duration) -> Self {
        self.settings.stall_timeout = limit;
        self
    }

    /// What a panic in a task does to the others.
    pub fn on_panic(mut self, policy: OnPanic) -> Self {
        self.settings.on_panic = policy;
        self
    }

    /// Tells an instrument everything that the loop does.
    pub fn instrument(mut self, instrument: impl Instrument + 'static) -> Self {
        self.instrument = Some(Box::new(instrument));
        self
    }

    /// The runner. Takes nothing from the system yet.
    pub fn build(self) -> Runner {
        let runtime = Runtime::new(self.settings);
        runtime.register();
        if let Some(mut instrument) = self.instrument {
            runtime.watch_with(Box::new(move |record| instrument.record(record)));
        }
        watch_as_asked(&runtime);
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
