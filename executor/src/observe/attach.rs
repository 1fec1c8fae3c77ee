//! Attachment of observers to a new loop, and their settings.
//!
//! **Invariant:** a loop has a subscriber only if its builder or the environment
//! asks for one; to find out that neither does costs one load.
//!
//! Called by the crate root, which connects it to `run` and `Builder`.

use std::rc::Rc;
use std::time::Duration;

use super::deadlock_report::DeadlockReport;
use super::environment;
use super::events::Events;
use super::instrument::Instrument;
use super::polling::Polling;
use super::recording::Recording;
use super::unwakeable::UnwakeableReport;
use super::watchdog;
use crate::event_loop::runtime::Runtime;
use crate::runner::builder::Builder;

/// What a [`Builder`] stores for the observers.
#[derive(Default)]
pub(crate) struct Options {
    /// Whether debug mode is on; `None` leaves it to the environment.
    debug: Option<bool>,
    slow_poll: Option<Duration>,
    instruments: Vec<Box<dyn Instrument>>,
}

/// Subscribes observers to a loop, as the options and the environment ask.
#[inline]
pub(crate) fn observe(runtime: &Rc<Runtime>, options: Options) {
    if !environment::is_silent() || options.debug == Some(true) || !options.instruments.is_empty() {
        attach(runtime, options);
    }
}

#[cold]
fn attach(runtime: &Rc<Runtime>, options: Options) {
    let environment = environment::get();
    let mut instruments = options.instruments;
    if let Some(recording) = Recording::if_requested() {
        instruments.push(Box::new(recording));
    }
    if !instruments.is_empty() {
        Events::subscribe(runtime, instruments);
    }
    let debug = options.debug.unwrap_or(environment.debug);
    let slow_poll = debug.then(|| options.slow_poll.unwrap_or(watchdog::SLOW_POLL));
    if debug || environment.ps {
        let polling = Polling::subscribe(runtime, slow_poll, environment.ps);
        if debug {
            watchdog::observe(&polling);
        }
        #[cfg(unix)]
        if environment.ps {
            super::ps_server::register(&polling);
        }
    }
    if debug {
        UnwakeableReport::subscribe(runtime);
        DeadlockReport::subscribe(runtime);
    }
}

/// Settings of observers.
impl Builder {
    /// Turns debug mode on or off (asyncio: `run(.., debug=True)`). By default
    /// it is on if the environment has `EXECUTOR_DEBUG=1` (`0`, or an empty value,
    /// is off). Debug mode reports on stderr, each of these once:
    ///
    /// - a task that waits though nothing can ever wake it;
    /// - tasks that wait for each other's locks or ends, as soon as that is
    ///   certain;
    /// - a poll that takes longer than [100 ms](Self::slow_poll), while the poll
    ///   is still running: a thread of debug mode reports it.
    pub fn debug(mut self, on: bool) -> Self {
        self.observe.debug = Some(on);
        self
    }

    /// Sets how long one poll may take in debug mode before it is reported
    /// (asyncio: `loop.slow_callback_duration`). 100 ms by default.
    pub fn slow_poll(mut self, limit: Duration) -> Self {
        self.observe.slow_poll = Some(limit);
        self
    }

    /// Adds an instrument, which receives the events of the loop.
    pub fn instrument(mut self, instrument: impl Instrument + 'static) -> Self {
        self.observe.instruments.push(Box::new(instrument));
        self
    }
}
