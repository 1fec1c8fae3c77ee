//! Instruments: receivers of a loop's events.
//!
//! **Invariant:** what an instrument does to the loop causes no events.
//!
//! Given to a loop by `Builder::instrument`; called by `events`. The events, and
//! everything that reads a [`Trace`], are in the crate [`loop_trace`]; this
//! module re-exports them.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

pub use super::interest::Interest;
pub use loop_trace::{
    Attempt, Cause, Direction, Ending, Entry, Event, MessageKind, ParkEndReason, PollResult, Site,
    TaskId, Trace, TraceError, WaitTarget, WakeOutcome, replay, svg, timeline,
};

/// A receiver of a loop's events (trio: `Instrument`).
///
/// ```
/// use executor::Runner;
/// use executor::instrument::{Event, Instrument};
/// use std::time::Duration;
/// use std::{cell::Cell, rc::Rc};
///
/// struct Polls(Rc<Cell<u32>>);
///
/// impl Instrument for Polls {
///     fn event(&mut self, _at: Duration, event: &Event) {
///         if matches!(event, Event::PollStart { .. }) {
///             self.0.set(self.0.get() + 1);
///         }
///     }
/// }
///
/// let polls = Rc::new(Cell::new(0));
/// let mut runner = Runner::builder().instrument(Polls(polls.clone())).build();
/// runner.run(executor::yield_now());
/// assert_eq!(polls.get(), 2);
/// ```
pub trait Instrument {
    /// Receives an event, on the loop's thread, with the loop time of the event.
    /// What the instrument itself does to the loop causes no events.
    fn event(&mut self, at: Duration, event: &Event);

    /// Receives an event with the runtime's source line and the thread too.
    /// Calls [`event`](Self::event) by default; only this method is called.
    fn record(&mut self, record: &EventRecord<'_>) {
        self.event(record.at(), record.event());
    }

    /// Returns the kinds of events that the instrument wants: all by default.
    /// Called once, when the instrument is given to its loop.
    fn interest(&self) -> Interest {
        Interest::ALL
    }
}

/// An instrument that keeps every event.
///
/// Clones share their events: give one to the loop and read the other.
///
/// ```
/// use executor::Runner;
/// use executor::instrument::{Event, Recorder};
///
/// let recorder = Recorder::new();
/// let mut runner = Runner::builder().instrument(recorder.clone()).build();
/// runner.run(async {});
/// let events = recorder.take();
/// assert!(matches!(events[0].1, Event::RunStart { .. }));
/// assert!(matches!(events[1].1, Event::TaskSpawn { .. }));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    events: Rc<RefCell<Vec<(Duration, Event)>>>,
}

impl Recorder {
    /// Creates a recorder without events.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the events recorded since the last call, each with its loop time.
    pub fn take(&self) -> Vec<(Duration, Event)> {
        self.events.take()
    }
}

impl Instrument for Recorder {
    fn event(&mut self, at: Duration, event: &Event) {
        self.events.borrow_mut().push((at, event.clone()));
    }
}

/// An event as an instrument receives it.
#[derive(Clone, Copy, Debug)]
pub struct EventRecord<'a> {
    at: Duration,
    event: &'a Event,
    pub(super) site: &'static Location<'static>,
    thread: Option<u32>,
}

impl<'a> EventRecord<'a> {
    pub(super) fn new(
        at: Duration,
        event: &'a Event,
        site: &'static Location<'static>,
        thread: Option<u32>,
    ) -> Self {
        EventRecord {
            at,
            event,
            site,
            thread,
        }
    }

    /// Returns the loop time of the event.
    pub fn at(&self) -> Duration {
        self.at
    }

    /// Returns the event.
    pub fn event(&self) -> &'a Event {
        self.event
    }

    /// Returns the line of the runtime that emitted the event: a path within the
    /// repository, and a line number.
    pub fn site(&self) -> (String, u32) {
        (path_in_repository(self.site.file()), self.site.line())
    }

    /// Returns the thread on which the event happened, if it is not the loop's:
    /// 1, 2, … in order of appearance.
    pub fn thread(&self) -> Option<u32> {
        self.thread
    }
}

/// Returns `executor/src/run.rs` for `/any/folder/executor-0.1.0/src/run.rs`.
pub(super) fn path_in_repository(file: &str) -> String {
    let this_file = file!();
    let root = this_file.strip_suffix("observe/instrument.rs");
    let root = root.unwrap_or(this_file);
    let within = file.strip_prefix(root).unwrap_or(file);
    format!("executor/src/{}", within.replace('\\', "/"))
}
