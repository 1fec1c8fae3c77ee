//! Watching the loop: the public face of `probe`, and what reads recordings.
//!
//! **Invariant:** an instrument sees every event once, in order, and cannot
//! stop the loop: one that panics is removed and reported.
//!
//! A room: given to a loop by `runner`, or by `run` when the environment asks.
//!
//! # Recording a program
//!
//! | environment | what comes of it |
//! |---|---|
//! | `EXECUTOR_TRACE=trace.json` | a [`Trace`], in the format `loop-trace/1`, for the loop player |
//! | `EXECUTOR_TRACE=trace.perfetto.json` | the same for <https://ui.perfetto.dev> or `chrome://tracing` |
//! | `EXECUTOR_TIMELINE=1` | a [`timeline`], printed to stderr when the loop has ended |
//!
//! In code: give a [`Tracer`] to [`Builder::instrument`](crate::Builder::instrument).

mod chrome;
mod environment;
mod json;
mod lanes;
mod read;
pub mod replay;
mod svg;
mod timeline;
mod trace;
mod tracer;
mod write;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::info::TaskId;
use crate::runtime::Runtime;

pub use crate::probe::{
    Attempt, Cause, Effect, Ending, Event, Letter, Note, On, Polled, Unpark, Way,
};
pub use environment::print_timelines;
pub(crate) use environment::watch_as_asked;
pub use json::TraceError;
pub use svg::svg;
pub use timeline::timeline;
pub use trace::{Entry, Site, Trace};
pub use tracer::Tracer;

/// Something that is told what the loop does (trio: `Instrument`).
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
    /// Called for each event, on the loop's thread, with the loop time at
    /// which it happened. What it does itself to the loop is not recorded.
    fn event(&mut self, at: Duration, event: &Event);

    /// The same, with where it happened: in which line of the runtime, on
    /// which thread. Calls [`event`](Self::event) unless it is written anew.
    fn note(&mut self, note: &Note<'_>) {
        self.event(note.at(), note.event());
    }
}

/// An instrument that keeps every event.
///
/// Its clones share what they keep: give one to the loop and read the other.
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
    /// A recorder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was recorded since the last call, with the loop time of each.
    pub fn take(&self) -> Vec<(Duration, Event)> {
        self.events.take()
    }
}

impl Instrument for Recorder {
    fn event(&mut self, at: Duration, event: &Event) {
        self.events.borrow_mut().push((at, event.clone()));
    }
}

impl<'a> Note<'a> {
    /// The loop time.
    pub fn at(&self) -> Duration {
        self.at
    }

    /// What happened.
    pub fn event(&self) -> &'a Event {
        self.event
    }

    /// The line of the runtime that told of it: a path within its repository,
    /// and a line number.
    pub fn site(&self) -> (String, u32) {
        (in_the_repository(self.site.file()), self.site.line())
    }

    /// The thread it happened on, if that is not the loop's: 1, 2, … in the
    /// order of their appearance.
    pub fn thread(&self) -> Option<u32> {
        self.thread
    }
}

/// `/any/where/executor-0.1.0/src/run.rs` is `executor/src/run.rs`.
fn in_the_repository(file: &str) -> String {
    let ours = file!();
    let root = ours.strip_suffix("instrument.rs").unwrap_or(ours);
    let within = file.strip_prefix(root).unwrap_or(file);
    format!("executor/src/{}", within.replace('\\', "/"))
}

/// Leaves a note in the recording, for whoever reads it. Does nothing while
/// nobody records, or where no loop runs.
///
/// ```
/// use executor::instrument::{Event, Recorder, mark};
///
/// let recorder = Recorder::new();
/// let mut runner = executor::Runner::builder().instrument(recorder.clone()).build();
/// runner.run(async { mark("here it gets interesting") });
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

/// A task's number in an event; `None` for nobody.
fn number_of(task: TaskId) -> Option<u64> {
    (task != TaskId::NOBODY).then(|| task.0.get())
}
