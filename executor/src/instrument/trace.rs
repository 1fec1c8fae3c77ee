//! A recording, as data: `loop-trace/1`.
//!
//! **Invariant:** events stand in the order in which they happened, and timers,
//! sources and jobs are numbered 1, 2, 3, … as they appear, so that the same
//! program gives the same recording.
//!
//! Filled by the `Tracer` or read from a file; read by everything beside it.

use std::time::Duration;

use super::Event;

/// What a program's loop did, from its first run to its end.
///
/// The format, `loop-trace/1`, is described in `docs/player/SCHEMA.md` of the
/// repository.
///
/// ```
/// use executor::instrument::{Trace, Tracer};
/// use executor::{Runner, sleep};
/// use std::time::Duration;
///
/// let tracer = Tracer::new();
/// let mut runner = Runner::builder().virtual_time().instrument(tracer.clone()).build();
/// runner.run(sleep(Duration::from_secs(2)));
/// drop(runner); // the end of the loop belongs to it
/// let trace = tracer.trace();
/// assert_eq!(Trace::parse(&trace.to_json()).unwrap(), trace);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trace {
    /// The name of the program.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// `rust` or `python`.
    pub lang: String,
    /// `executor` or `asyncio`.
    pub runtime: String,
    /// The runtime's version.
    pub version: String,
    /// Was time virtual?
    pub virtual_time: bool,
    /// The seed that orders were drawn from.
    pub seed: Option<u64>,
    /// Lines of the runtime that [`Entry::site`] points to.
    pub sites: Vec<Site>,
    /// How many events were left out at the end because there was no room.
    pub dropped: u64,
    /// What happened.
    pub events: Vec<Entry>,
}

/// A line of the runtime: a file of its repository, and the line's number.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the sentence above says it")]
pub struct Site {
    pub file: String,
    pub line: u32,
}

/// One event of a [`Trace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The loop time.
    pub at: Duration,
    /// The thread it happened on, if that is not the loop's.
    pub thread: Option<u32>,
    /// Index into [`Trace::sites`].
    pub site: Option<u32>,
    /// What happened.
    pub event: Event,
}

impl Trace {
    /// The same without the runtime's source lines: what two recordings of one
    /// program have in common when the runtime was edited between them.
    pub fn without_sites(&self) -> Trace {
        let mut trace = self.clone();
        trace.sites.clear();
        trace.events.iter_mut().for_each(|entry| entry.site = None);
        trace
    }

    /// How long the recording is, in loop time.
    pub fn duration(&self) -> Duration {
        self.events.last().map_or(Duration::ZERO, |last| last.at)
    }
}
