//! What can happen in a loop, as data.
//!
//! **Invariant:** an event holds copies only; it stays true when the loop that
//! it tells of is gone.
//!
//! Made where it happens; read through the `instrument` room.

use std::task::Poll;
use std::time::Duration;

use crate::info::TaskId;

/// Who caused a wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A task that was being polled, or the same task itself.
    Task(TaskId),
    /// A timer that was due.
    Timer(u64),
    /// A thread job that has ended.
    Job(u64),
    /// A socket that may be ready.
    Io,
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

/// How a task, or a run, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// With a value.
    Returned,
    /// Its future was dropped before that. A run ends so when it has stalled.
    Cancelled,
    /// It panicked.
    Panicked,
}

/// What a poll gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Polled {
    /// The future goes on.
    Pending,
    /// It has returned.
    Ready,
    /// It panicked.
    Panicked,
}

impl Polled {
    #[inline]
    pub(crate) fn of<E>(result: &Result<Poll<()>, E>) -> Self {
        match result {
            Ok(Poll::Pending) => Polled::Pending,
            Ok(Poll::Ready(())) => Polled::Ready,
            Err(_) => Polled::Panicked,
        }
    }
}

/// What ended a park.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unpark {
    /// The deadline has come.
    Timer,
    /// A socket may be ready.
    Io,
    /// There is mail from another thread.
    Mail,
    /// Nothing that the loop knows of.
    Nothing,
}

/// What a letter in the mail slot is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Letter {
    /// A task is to be polled.
    Wake,
    /// A task is to be cancelled.
    Cancel,
    /// A thread job has ended.
    Job,
    /// A call is to be made on the loop's thread.
    Call,
    /// The loop is to look around.
    Nudge,
}

/// Which way data goes through a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Way {
    /// In; accepting is a read too.
    Read,
    /// Out; connecting is a write too.
    Write,
}

/// How an attempt at a socket went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attempt {
    /// It did something.
    Done,
    /// There was nothing to read, or no room.
    WouldBlock,
    /// It failed.
    Failed,
}

/// What a task waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum On {
    /// A timer.
    Timer(u64),
    /// The end of a task.
    Task(TaskId),
    /// A socket.
    Source(u64, Way),
    /// A call on a thread pool.
    Job(u64),
    /// Something else, in words.
    Other(String),
}

/// Something that happened in the loop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the words of the sentence above them"
)]
pub enum Event {
    /// A run began: its clock, and the seed that it draws orders from.
    RunStart {
        virtual_time: bool,
        seed: Option<u64>,
    },
    /// The main future is over.
    RunEnd { how: Ending },
    /// The loop ends: what is left is dropped.
    LoopClose,
    /// Nothing is left of it.
    LoopClosed,
    /// A pass over the ready queue began, with this many tasks in it.
    Turn { ready: usize },
    /// The order of that pass, where a seed draws it.
    TurnOrder { order: Vec<TaskId> },
    /// A task was made.
    TaskSpawn {
        task: TaskId,
        name: String,
        parent: Option<TaskId>,
        at: String,
    },
    /// A task went to the back of the ready queue.
    ReadyPush { task: TaskId },
    /// A child of a scope was woken: it goes on the roll of its scope, which
    /// polls it inside its own poll.
    ScopePush { task: TaskId },
    /// A task is being polled.
    PollStart { task: TaskId },
    /// Its poll returned.
    PollEnd { task: TaskId, result: Polled },
    /// A combinator polls the nth of its futures.
    ChildPoll { task: TaskId, child: usize },
    /// That future has returned.
    ChildDone { task: TaskId, child: usize },
    /// Somebody woke a task.
    Wake {
        task: TaskId,
        by: Cause,
        effect: Effect,
    },
    /// A sample: how many clones of a task's waker are alive, and whether a
    /// part of the runtime has the task noted by number. Told where it differs
    /// from the sample before.
    WakerCount { task: TaskId, n: usize, noted: bool },
    /// A task waits for something.
    Await { task: TaskId, on: On },
    /// It gave that wait up.
    AwaitEnd { task: TaskId, on: On },
    /// Somebody asked for a task to be cancelled.
    TaskCancel { task: TaskId },
    /// A task has ended and its future is gone. `text` is what a panic said.
    TaskEnd {
        task: TaskId,
        how: Ending,
        text: Option<String>,
    },
    /// A timer was armed, to fire at this loop time; `Duration::MAX` is never.
    TimerAdd {
        timer: u64,
        task: TaskId,
        deadline: Duration,
    },
    /// A timer has a new deadline.
    TimerMove { timer: u64, deadline: Duration },
    /// A timer was due and is gone.
    TimerFire { timer: u64 },
    /// A timer was dropped before it was due.
    TimerCancel { timer: u64 },
    /// The loop has nothing to do, until this loop time or for ever.
    ParkStart { until: Option<Duration> },
    /// The loop goes on.
    ParkEnd { cause: Unpark },
    /// A letter came into the mail slot, mostly from another thread.
    MailPush { task: Option<TaskId>, what: Letter },
    /// Messages from other threads were taken in.
    Mail { messages: usize },
    /// A socket is under the eyes of the poller.
    SourceAdd {
        source: u64,
        kind: String,
        addr: Option<String>,
    },
    /// It has left.
    SourceRemove { source: u64 },
    /// An attempt was made at it.
    SourceTry {
        source: u64,
        way: Way,
        result: Attempt,
    },
    /// This task is to be woken when an attempt may succeed; nobody if `None`.
    SourceWait {
        source: u64,
        task: Option<TaskId>,
        way: Way,
    },
    /// The poller says that attempts may succeed.
    SourceReady {
        source: u64,
        readable: bool,
        writable: bool,
        closed: bool,
    },
    /// A task handed a call to a thread pool.
    JobSubmit { job: u64, task: TaskId, at: String },
    /// A thread began it.
    JobStart { job: u64 },
    /// It has ended on its thread.
    JobFinish { job: u64, panicked: bool },
    /// The end of that call reached the loop.
    JobEnd { job: u64 },
    /// It was given up before it began.
    JobCancel { job: u64 },
    /// [`println!`](crate::println!) printed a line.
    Print { task: Option<TaskId>, text: String },
    /// The program noted something; see [`mark`](crate::instrument::mark).
    Mark { task: Option<TaskId>, text: String },
    /// In a trace that was read from a file: an event of a kind that this
    /// version does not know.
    Other { kind: String },
}
