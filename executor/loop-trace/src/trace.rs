//! A recording as data: `loop-trace/1`.
//!
//! **Invariant:** events are in the order in which they happened, and timers,
//! sources and jobs are numbered 1, 2, 3, … in order of appearance, so that two
//! recordings of one program are equal.
//!
//! Made by a recorder or by `read`; read by `write`, `replay` and the drawings.

use std::time::Duration;

use crate::event::Event;

/// What a program's loop did, from its first run to its end.
///
/// The format is described in `docs/player/SCHEMA.md` of the repository.
///
/// ```
/// use loop_trace::{Entry, Event, Trace};
/// use std::time::Duration;
///
/// let event = Event::Mark { task: None, text: "begin".into() };
/// let mut trace = Trace::default();
/// trace.events.push(Entry { at: Duration::from_millis(2), thread: None, site: None, event });
/// assert_eq!(trace.duration(), Duration::from_millis(2));
/// assert_eq!(Trace::parse(&trace.to_json()).unwrap(), trace);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trace {
    /// The name of the program.
    pub program: String,
    /// The arguments of the program.
    pub args: Vec<String>,
    /// The program's language: `rust` or `python`.
    pub lang: String,
    /// The runtime: `executor` or `asyncio`.
    pub runtime: String,
    /// The version of the runtime.
    pub version: String,
    /// Whether time was virtual.
    pub virtual_time: bool,
    /// The seed for the order of tasks.
    pub seed: Option<u64>,
    /// Source lines of the runtime; [`Entry::site`] is an index into them.
    pub sites: Vec<Site>,
    /// How many events at the end are missing because the recorder was full.
    pub dropped: u64,
    /// The events, in order.
    pub events: Vec<Entry>,
}

/// A source line of the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The path of the file in its repository.
    pub file: String,
    /// The number of the line, from 1.
    pub line: u32,
}

/// One event of a [`Trace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The loop time.
    pub at: Duration,
    /// The thread on which the event happened, if it is not the loop's.
    pub thread: Option<u32>,
    /// Index into [`Trace::sites`].
    pub site: Option<u32>,
    /// The event.
    pub event: Event,
}

impl Trace {
    /// Returns a copy without the runtime's source lines. Two recordings of one
    /// program are equal in this form even if the runtime's source was edited
    /// between them.
    pub fn without_sites(&self) -> Trace {
        let mut trace = self.clone();
        trace.sites.clear();
        trace.events.iter_mut().for_each(|entry| entry.site = None);
        trace
    }

    /// Returns the loop time of the last event.
    pub fn duration(&self) -> Duration {
        self.events.last().map_or(Duration::ZERO, |last| last.at)
    }
}
