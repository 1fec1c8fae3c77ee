//! Instruments: what follows a loop's events, and what reads recordings.
//!
//! **Invariant:** an instrument receives every event once, in order, and cannot
//! stop the loop: one that panics is removed and reported.
//!
//! Given to a loop by `runner`, or by `run` when the environment asks for one.
//! The events, and everything that reads a [`Trace`], are in the crate
//! [`loop_trace`]; this module re-exports them.
//!
//! # Recording a program
//!
//! | environment | output |
//! |---|---|
//! | `EXECUTOR_TRACE=trace.json` | a [`Trace`], in the format `loop-trace/1`, for the loop player |
//! | `EXECUTOR_TRACE=trace.perfetto.json` | a trace for <https://ui.perfetto.dev> or `chrome://tracing` |
//! | `EXECUTOR_TIMELINE=1` | a [`timeline`], printed to stderr when the loop has ended |
//!
//! In code: give a [`Tracer`] to [`Builder::instrument`](crate::Builder::instrument).

mod environment;
mod tracer;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::info;
use crate::runtime::Runtime;

pub use crate::probe::EventRecord;
pub use environment::print_timelines;
pub(crate) use environment::watch_as_asked;
pub use loop_trace::{
    Attempt, Cause, Direction, Ending, Entry, Event, MessageKind, ParkEndReason, PollResult, Site,
    TaskId, Trace, TraceError, WaitTarget, WakeOutcome, replay, svg, timeline,
};
pub use tracer::Tracer;

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
    /// Called for each event, on the loop's thread, with the loop time of the
    /// event. What the instrument itself does to the loop causes no events.
    fn event(&mut self, at: Duration, event: &Event);

    /// Called for each event, with the runtime's source line and the thread too.
    /// Calls [`event`](Self::event) by default.
    fn record(&mut self, record: &EventRecord<'_>) {
        self.event(record.at(), record.event());
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

impl<'a> EventRecord<'a> {
    /// Returns the loop time.
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
fn path_in_repository(file: &str) -> String {
    let this_file = file!();
    let root = this_file.strip_suffix("instrument.rs").unwrap_or(this_file);
    let within = file.strip_prefix(root).unwrap_or(file);
    format!("executor/src/{}", within.replace('\\', "/"))
}

/// Leaves a mark in the recording. Does nothing while the loop is not recorded,
/// or outside a loop.
///
/// ```
/// use executor::instrument::{Event, Recorder, mark};
///
/// let recorder = Recorder::new();
/// let mut runner = executor::Runner::builder().instrument(recorder.clone()).build();
/// runner.run(async { mark("the second phase begins") });
/// let is_mark = |(_, event): &(_, Event)| matches!(event, Event::Mark { .. });
/// assert!(recorder.take().iter().any(is_mark));
/// ```
pub fn mark(text: impl fmt::Display) {
    Runtime::with(|runtime| {
        runtime.emit(move |probe| Event::Mark {
            task: runtime.polled_task().map(|task| probe.id(task)),
            text: text.to_string(),
        });
    });
}

/// Events name tasks by number, so that a trace needs no runtime.
impl From<info::TaskId> for TaskId {
    fn from(id: info::TaskId) -> Self {
        TaskId::new(id.0.get())
    }
}

impl PartialEq<info::TaskId> for TaskId {
    fn eq(&self, other: &info::TaskId) -> bool {
        *self == TaskId::from(*other)
    }
}

impl PartialEq<TaskId> for info::TaskId {
    fn eq(&self, other: &TaskId) -> bool {
        *other == *self
    }
}
