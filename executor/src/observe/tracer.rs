//! Tracer: the instrument that makes a [`Trace`].
//!
//! **Invariant:** a tracer keeps at most as many events as its limit; later
//! events are counted.
//!
//! Given to a loop by tests and programs, and by `recording`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use super::instrument::{
    Cause, Entry, Event, EventRecord, Instrument, Site, Trace, WaitTarget, path_in_repository,
};

/// A million events take about 100 MB, which the loop player can still open.
const DEFAULT_LIMIT: usize = 1_000_000;

/// An instrument that makes a [`Trace`]. Clones share their recording: give one
/// to the loop and read the other.
#[derive(Clone)]
pub struct Tracer(Rc<RefCell<Recording>>);

struct Recording {
    trace: Trace,
    limit: usize,
    /// The index of each source line in `trace.sites`.
    sites: HashMap<(&'static str, u32), u32>,
    timers: Numbers,
    sources: Numbers,
    jobs: Numbers,
}

/// Dense numbers for keys, in order of appearance.
#[derive(Default)]
struct Numbers {
    by_key: HashMap<u64, u64>,
    last: u64,
}

impl Numbers {
    /// Returns the number of a key; a new key receives the next number.
    fn of(&mut self, key: u64) -> u64 {
        *self.by_key.entry(key).or_insert_with(|| {
            self.last += 1;
            self.last
        })
    }

    /// Returns the number of a key that will not be used again, and removes it.
    fn last_of(&mut self, key: u64) -> u64 {
        let number = self.of(key);
        self.by_key.remove(&key);
        number
    }
}

impl Tracer {
    /// Creates a tracer that keeps the first million events.
    pub fn new() -> Self {
        Self::with_room(DEFAULT_LIMIT)
    }

    /// Creates a tracer that keeps the first `events` events and counts the
    /// others.
    pub fn with_room(events: usize) -> Self {
        let mut args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
        let program = args.next().unwrap_or_default();
        let stem = std::path::Path::new(&program).file_stem();
        let mut trace = Trace::default();
        trace.program = stem.map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        trace.args = args.collect();
        trace.lang = "rust".into();
        trace.runtime = "executor".into();
        trace.version = env!("CARGO_PKG_VERSION").into();
        Tracer(Rc::new(RefCell::new(Recording {
            trace,
            limit: events,
            sites: HashMap::new(),
            timers: Numbers::default(),
            sources: Numbers::default(),
            jobs: Numbers::default(),
        })))
    }

    /// Returns a copy of the recording so far.
    pub fn trace(&self) -> Trace {
        self.0.borrow().trace.clone()
    }

    /// Calls `f` with the recording so far.
    pub(super) fn with_trace<R>(&self, f: impl FnOnce(&Trace) -> R) -> R {
        f(&self.0.borrow().trace)
    }
}

impl Default for Tracer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tracer({} events)", self.0.borrow().trace.events.len())
    }
}

impl Instrument for Tracer {
    fn event(&mut self, at: Duration, event: &Event) {
        self.0.borrow_mut().keep(at, event, None, None);
    }

    fn record(&mut self, record: &EventRecord<'_>) {
        let recording = &mut *self.0.borrow_mut();
        let site = recording.has_space().then(|| recording.site(record.site));
        recording.keep(record.at(), record.event(), site, record.thread());
    }
}

impl Recording {
    fn has_space(&self) -> bool {
        self.trace.events.len() < self.limit
    }

    /// Returns the index of a source line in the trace.
    fn site(&mut self, at: &'static Location<'static>) -> u32 {
        let sites = &mut self.trace.sites;
        let line = (at.file(), at.line());
        *self.sites.entry(line).or_insert_with(|| {
            sites.push(Site {
                file: path_in_repository(at.file()),
                line: at.line(),
            });
            u32::try_from(sites.len() - 1).unwrap_or(u32::MAX)
        })
    }

    fn keep(&mut self, at: Duration, event: &Event, site: Option<u32>, thread: Option<u32>) {
        if let Event::RunStart { virtual_time, seed } = event {
            self.trace.virtual_time = *virtual_time;
            self.trace.seed = *seed;
        }
        if !self.has_space() {
            self.trace.dropped += 1;
            return;
        }
        let event = self.renumber(event.clone());
        self.trace.events.push(Entry {
            at,
            thread,
            site,
            event,
        });
    }

    /// Returns the event with dense numbers instead of keys.
    fn renumber(&mut self, mut event: Event) -> Event {
        match &mut event {
            Event::TimerAdd { timer, .. } | Event::TimerMove { timer, .. } => {
                *timer = self.timers.of(*timer);
            }
            // The number is kept, because a wake by this timer may follow.
            Event::TimerFire { timer } => *timer = self.timers.of(*timer),
            Event::TimerCancel { timer } => *timer = self.timers.last_of(*timer),
            Event::SourceAdd { source, .. }
            | Event::SourceTry { source, .. }
            | Event::SourceWait { source, .. }
            | Event::SourceReady { source, .. } => *source = self.sources.of(*source),
            Event::SourceRemove { source } => *source = self.sources.last_of(*source),
            Event::JobSubmit { job, .. }
            | Event::JobStart { job }
            | Event::JobFinish { job, .. }
            | Event::JobEnd { job } => *job = self.jobs.of(*job),
            Event::JobCancel { job } => *job = self.jobs.last_of(*job),
            Event::Wake { by, .. } => self.renumber_cause(by),
            Event::Await { on, .. } | Event::AwaitEnd { on, .. } => self.renumber_wait(on),
            _ => {}
        }
        event
    }

    fn renumber_cause(&mut self, by: &mut Cause) {
        match by {
            Cause::Timer(timer) => *timer = self.timers.of(*timer),
            Cause::Job(job) => *job = self.jobs.of(*job),
            _ => {}
        }
    }

    fn renumber_wait(&mut self, on: &mut WaitTarget) {
        match on {
            WaitTarget::Timer(timer) => *timer = self.timers.of(*timer),
            WaitTarget::Source(source, _) => *source = self.sources.of(*source),
            WaitTarget::Job(job) => *job = self.jobs.of(*job),
            _ => {}
        }
    }
}
