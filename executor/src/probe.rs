//! The events of the loop, and the switch that turns them on.
//!
//! **Invariant:** when nobody listens, each place that could tell something
//! costs one load and one branch that is always the same way; when somebody
//! does, events come in the order in which they happened.
//!
//! Emitted by `ready`, `runtime`, `run` and the rooms; read by the
//! `instrument` room, which gives it its public face.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use crate::clock::{Clock, Nanos};
use crate::error::{panic_text, report};
use crate::info::TaskId;
use crate::slab::{JobKey, TaskKey, TimerKey};

/// Who caused a wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A task that was being polled, or the same task itself.
    Task(TaskId),
    /// A timer that was due.
    Timer,
    /// A message from another thread.
    Mail,
    /// The loop itself, or code that runs outside any task.
    Loop,
}

/// What a wake did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The task went to the back of the ready queue.
    Queued,
    /// It stood there already.
    AlreadyQueued,
    /// The task has ended: nothing happened.
    AfterDone,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// With a value.
    Returned,
    /// Its future was dropped before that.
    Cancelled,
    /// It panicked.
    Panicked,
}

/// Something that happened in the loop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the words of the sentence above them"
)]
pub enum Event {
    /// A pass over the ready queue began, with this many tasks in it.
    Turn { ready: usize },
    /// A task was made.
    TaskSpawn {
        task: TaskId,
        name: String,
        parent: Option<TaskId>,
    },
    /// A task is being polled.
    PollStart { task: TaskId },
    /// Its poll returned; `ready` if it has ended.
    PollEnd { task: TaskId, ready: bool },
    /// Somebody woke a task.
    Wake {
        task: TaskId,
        by: Cause,
        effect: Effect,
    },
    /// Somebody asked for a task to be cancelled.
    TaskCancel { task: TaskId },
    /// A task has ended and its future is gone.
    TaskEnd { task: TaskId, how: Ending },
    /// A timer was armed, to fire at this loop time.
    TimerAdd {
        timer: u64,
        task: TaskId,
        deadline: Duration,
    },
    /// A timer was due and is gone.
    TimerFire { timer: u64 },
    /// A timer was dropped before it was due.
    TimerCancel { timer: u64 },
    /// The loop has nothing to do, until this loop time or for ever.
    ParkStart { until: Option<Duration> },
    /// The loop goes on.
    ParkEnd,
    /// Messages from other threads were taken in.
    Mail { messages: usize },
    /// A task handed a call to a thread pool.
    JobSubmit { job: u64, task: TaskId },
    /// The end of that call reached the loop.
    JobEnd { job: u64 },
    /// [`println!`](crate::println!) printed a line.
    Print { task: Option<TaskId>, text: String },
}

type Sink = Box<dyn FnMut(Duration, &Event)>;

/// The switch, and whoever listens.
pub(crate) struct Probe {
    on: Cell<bool>,
    sink: RefCell<Option<Sink>>,
    /// Ids by key, kept only while somebody listens: the queue and the timers
    /// know tasks by key alone.
    ids: RefCell<BTreeMap<u64, TaskId>>,
    cause: Cell<Cause>,
    clock: Rc<Clock>,
}

impl Probe {
    pub(crate) fn new(clock: Rc<Clock>) -> Self {
        Probe {
            on: Cell::new(false),
            sink: RefCell::new(None),
            ids: RefCell::default(),
            cause: Cell::new(Cause::Loop),
            clock,
        }
    }

    pub(crate) fn listen(&self, sink: Sink) {
        self.sink.replace(Some(sink));
        self.on.set(true);
    }

    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.on.get()
    }

    /// Tells what happened, if anybody listens.
    #[inline]
    pub(crate) fn emit(&self, event: impl FnOnce(&Probe) -> Event) {
        if self.on.get() {
            self.tell(event(self));
        }
    }

    /// Remembers who a key stands for, so that later events can say.
    #[inline]
    pub(crate) fn introduce(&self, key: TaskKey, id: TaskId) {
        if self.on.get() {
            self.ids.borrow_mut().insert(key.to_bits(), id);
        }
    }

    /// The task that a key stands for; [`TaskId::NOBODY`] if there is no task.
    pub(crate) fn id(&self, key: impl Into<Option<TaskKey>>) -> TaskId {
        let id = |key: TaskKey| self.ids.borrow().get(&key.to_bits()).copied();
        key.into().and_then(id).unwrap_or(TaskId::NOBODY)
    }

    /// Who is the cause of what happens now.
    pub(crate) fn cause(&self) -> Cause {
        self.cause.get()
    }

    /// What happens now is the doing of this one again.
    pub(crate) fn resume(&self, cause: Cause) {
        self.cause.set(cause);
    }

    #[cold]
    fn tell(&self, event: Event) {
        self.cause.set(match event {
            Event::PollStart { task } => Cause::Task(task),
            Event::PollEnd { .. } | Event::Turn { .. } | Event::ParkStart { .. } => Cause::Loop,
            Event::TimerFire { .. } => Cause::Timer,
            Event::Mail { .. } => Cause::Mail,
            _ => self.cause.get(),
        });
        // Out while it runs: a hook that wakes a task causes an event in its
        // own call, which nobody hears, instead of a second borrow.
        let Some(mut sink) = self.sink.take() else {
            return;
        };
        let at = Duration::from_nanos(self.clock.now());
        match catch_unwind(AssertUnwindSafe(|| sink(at, &event))) {
            Ok(()) => {
                self.sink.replace(Some(sink));
            }
            Err(payload) => {
                self.on.set(false);
                report(format_args!(
                    "the instrument panicked at {event:?} and was removed: {}",
                    panic_text(&*payload)
                ));
            }
        }
    }
}

/// Timer, job and loop time as events show them.
pub(crate) fn timer_number(key: TimerKey) -> u64 {
    key.to_bits()
}

pub(crate) fn job_number(key: JobKey) -> u64 {
    key.to_bits()
}

pub(crate) fn time(nanos: Nanos) -> Duration {
    Duration::from_nanos(nanos)
}
