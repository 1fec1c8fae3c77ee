//! The switch that turns events on, and the way from where something happens
//! to whoever listens.
//!
//! **Invariant:** when nobody listens, each place that could tell something
//! costs one load and one branch that is always the same way; when somebody
//! does, events come in the order in which they happened.
//!
//! Emitted by `ready`, `runtime`, `run` and the rooms; read by the
//! `instrument` room, which gives it its public face.

mod afar;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::panic::Location;
use std::rc::Rc;
use std::task::Poll;
use std::thread::ThreadId;
use std::time::Duration;

use crate::clock::{Clock, Nanos};
use crate::error::{caught, report};
use crate::slab::{JobKey, SourceKey, TaskKey, TimerKey};
use crate::sys::Arc;

use afar::FarNote;
pub(crate) use afar::{Afar, Far};
pub(crate) use loop_trace::{
    Attempt, Cause, Direction, Ending, Event, MessageKind, ParkEndReason, PollResult, TaskId,
    WaitTarget, WakeOutcome,
};

/// An event, and where and when it happened.
#[derive(Clone, Copy, Debug)]
pub struct EventRecord<'a> {
    pub(crate) at: Duration,
    pub(crate) event: &'a Event,
    pub(crate) site: &'static Location<'static>,
    pub(crate) thread: Option<u32>,
}

type Sink = Box<dyn FnMut(&EventRecord<'_>)>;

/// The switch, and whoever listens.
pub(crate) struct Probe {
    on: Cell<bool>,
    sinks: RefCell<Vec<Sink>>,
    known: RefCell<Known>,
    cause: Cell<Cause>,
    /// The time of the last event: another thread reads its clock earlier than
    /// it is heard.
    last: Cell<Nanos>,
    clock: Rc<Clock>,
    afar: OnceCell<Arc<Afar>>,
}

/// What is kept only while somebody listens.
#[derive(Default)]
struct Known {
    /// Ids by key: the queue and the timers know tasks by key alone.
    ids: BTreeMap<u64, TaskId>,
    /// The last sample of each task's waker.
    samples: BTreeMap<TaskId, (usize, bool)>,
    /// Tasks whose waker had clones at its last sample, by the index of their
    /// keys. A task outside of them can gain one in its own poll only.
    cloned: BTreeMap<usize, TaskKey>,
    /// Who was woken since samples were last taken.
    woken: Vec<TaskKey>,
    /// Threads in the order of their appearance; the first is the loop's.
    threads: Vec<ThreadId>,
}

impl Probe {
    pub(crate) fn new(clock: Rc<Clock>) -> Self {
        Probe {
            on: Cell::new(false),
            sinks: RefCell::default(),
            known: RefCell::default(),
            cause: Cell::new(Cause::Loop),
            last: Cell::new(0),
            clock,
            afar: OnceCell::new(),
        }
    }

    /// From now on `sink` is told of everything. Gives the place where other
    /// threads are to leave their notes.
    pub(crate) fn listen(&self, sink: Sink) -> Arc<Afar> {
        self.sinks.borrow_mut().push(sink);
        let mut known = self.known.borrow_mut();
        if known.threads.is_empty() {
            known.threads.push(std::thread::current().id());
        }
        self.on.set(true);
        Arc::clone(self.afar.get_or_init(Arc::default))
    }

    /// Does anybody listen? Built with `--cfg executor_unwatched` nobody can,
    /// and every place that could tell something is compiled away: that is how
    /// the cost of being watchable is measured (CONTRIBUTING.md).
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        !cfg!(executor_unwatched) && self.on.get()
    }

    /// Tells what happened, if anybody listens. The caller's line is the one
    /// that a trace shows.
    #[inline]
    #[track_caller]
    pub(crate) fn emit(&self, event: impl FnOnce(&Probe) -> Event) {
        if self.is_on() {
            self.make_and_tell(event, Location::caller());
        }
    }

    /// Out of line, so that where something happens there is a branch and
    /// nothing else: no room for the event on the stack, and no way to drop it.
    #[cold]
    #[inline(never)]
    fn make_and_tell(&self, event: impl FnOnce(&Probe) -> Event, site: &'static Location<'static>) {
        self.tell(&event(self), site);
    }

    /// Remembers who a key stands for, so that later events can say.
    #[inline]
    pub(crate) fn introduce(&self, key: TaskKey, id: crate::info::TaskId) {
        if self.is_on() {
            self.known.borrow_mut().ids.insert(key.to_bits(), id.into());
        }
    }

    /// The task that a key stands for; [`TaskId::NONE`] if there is no task.
    pub(crate) fn id(&self, key: impl Into<Option<TaskKey>>) -> TaskId {
        let id = |key: TaskKey| self.known.borrow().ids.get(&key.to_bits()).copied();
        key.into().and_then(id).unwrap_or(TaskId::NONE)
    }

    /// Who is the cause of what happens now.
    pub(crate) fn cause(&self) -> Cause {
        self.cause.get()
    }

    /// Says who is the cause of what happens from now on.
    #[inline]
    pub(crate) fn because(&self, cause: Cause) {
        self.cause.set(cause);
    }

    /// Notes that a task was woken: its waker is to be looked at.
    pub(crate) fn note_woken(&self, task: TaskKey) {
        self.known.borrow_mut().woken.push(task);
    }

    /// Who was woken since this was last asked.
    pub(crate) fn take_woken(&self) -> Vec<TaskKey> {
        std::mem::take(&mut self.known.borrow_mut().woken)
    }

    /// Takes out those whose waker had clones; to be sampled again.
    pub(crate) fn take_cloned(&self) -> impl Iterator<Item = TaskKey> {
        std::mem::take(&mut self.known.borrow_mut().cloned).into_values()
    }

    /// Tells how many clones of a task's waker there are, if that is news.
    /// `noted` is `None` to leave it as it was.
    #[track_caller]
    pub(crate) fn sample(&self, key: TaskKey, n: usize, noted: Option<bool>) {
        let task = self.id(key);
        let news = {
            let known = &mut *self.known.borrow_mut();
            match n {
                0 => known.cloned.remove(&key.index()),
                _ => known.cloned.insert(key.index(), key),
            };
            let last = known.samples.entry(task).or_insert((0, false));
            let sample = (n, noted.unwrap_or(last.1));
            (std::mem::replace(last, sample) != sample).then_some(sample)
        };
        if let Some((n, noted)) = news {
            self.emit(|_| Event::WakerCount { task, n, noted });
        }
    }

    fn tell(&self, event: &Event, site: &'static Location<'static>) {
        self.cause.set(match event {
            Event::PollStart { task } => Cause::Task(*task),
            Event::PollEnd { .. } | Event::Turn { .. } | Event::ParkStart { .. } => Cause::Loop,
            Event::TimerFire { timer } => Cause::Timer(*timer),
            Event::JobEnd { job } => Cause::Job(*job),
            Event::InboxDrained { .. } => Cause::Inbox,
            _ => self.cause.get(),
        });
        // Out while they run: a hook that wakes a task causes an event in its
        // own call, which nobody hears, instead of a second borrow.
        let mut sinks = self.sinks.take();
        if sinks.is_empty() {
            return;
        }
        let notes = self.afar.get().map(|afar| afar.take());
        for note in notes.into_iter().flatten() {
            self.tell_from_afar(&mut sinks, &note);
        }
        let now = self.clock.now();
        self.pass_on(&mut sinks, now, event, site, None);
        if let Event::TaskEnd { task, .. } = event {
            self.known.borrow_mut().samples.remove(task);
        }
        self.on.set(!sinks.is_empty());
        // One that was given meanwhile comes after the others.
        sinks.append(&mut self.sinks.borrow_mut());
        self.sinks.replace(sinks);
    }

    fn tell_from_afar(&self, sinks: &mut Vec<Sink>, note: &FarNote) {
        let at = match self.clock.is_virtual() {
            true => self.clock.now(),
            false => self.clock.nanos_at(note.at),
        };
        let event = match note.what {
            Far::Push { task, what } => Event::MessageSent {
                task: task.map(|task| self.id(task)),
                kind: what,
            },
            Far::JobStart(job) => Event::JobStart {
                job: job_number(job),
            },
            Far::JobFinish { job, panicked } => Event::JobFinish {
                job: job_number(job),
                panicked,
            },
        };
        let thread = self.known.borrow_mut().thread(note.thread);
        self.pass_on(sinks, at, &event, note.site, thread);
    }

    /// Tells every sink, and removes one that panics.
    fn pass_on(
        &self,
        sinks: &mut Vec<Sink>,
        at: Nanos,
        event: &Event,
        site: &'static Location<'static>,
        thread: Option<u32>,
    ) {
        self.last.set(self.last.get().max(at));
        let note = EventRecord {
            at: Duration::from_nanos(self.last.get()),
            event,
            site,
            thread,
        };
        sinks.retain_mut(|sink| {
            let Err(text) = caught(|| sink(&note)) else {
                return true;
            };
            report(format_args!(
                "the instrument panicked at {event:?} and was removed: {text}"
            ));
            let broken = std::mem::replace(sink, Box::new(|_| ()));
            if let Err(text) = caught(|| drop(broken)) {
                report(format_args!("its destructor panicked as well: {text}"));
            }
            false
        });
    }
}

impl Known {
    /// The number of a thread that is not the loop's.
    fn thread(&mut self, thread: ThreadId) -> Option<u32> {
        let place = self.threads.iter().position(|known| *known == thread);
        let place = place.unwrap_or_else(|| {
            self.threads.push(thread);
            self.threads.len() - 1
        });
        u32::try_from(place).ok().filter(|place| *place > 0)
    }
}

/// What a poll that may have panicked gave.
#[inline]
pub(crate) fn poll_result<E>(result: &Result<Poll<()>, E>) -> PollResult {
    match result {
        Ok(Poll::Pending) => PollResult::Pending,
        Ok(Poll::Ready(())) => PollResult::Ready,
        Err(_) => PollResult::Panicked,
    }
}

/// Timer, job, source and loop time as events show them.
pub(crate) fn timer_number(key: TimerKey) -> u64 {
    key.to_bits()
}

pub(crate) fn job_number(key: JobKey) -> u64 {
    key.to_bits()
}

pub(crate) fn source_number(key: SourceKey) -> u64 {
    key.to_bits()
}

/// A deadline that never comes is `Duration::MAX`.
pub(crate) fn time(nanos: Nanos) -> Duration {
    match nanos {
        Nanos::MAX => Duration::MAX,
        nanos => Duration::from_nanos(nanos),
    }
}
