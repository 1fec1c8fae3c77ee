//! Events of a loop, as plain data.
//!
//! **Invariant:** an event holds only copies, so it stays valid after its loop
//! was dropped.
//!
//! Made by the runtime that is recorded, or read from a file.

mod cause;
mod wait_target;
mod word;

use std::time::Duration;

use crate::task_id::TaskId;
pub use cause::Cause;
pub use wait_target::WaitTarget;
pub use word::{Attempt, Direction, Ending, MessageKind, ParkEndReason, PollResult, WakeOutcome};

/// Something that happened in the loop.
///
/// Tasks, timers, sources (sockets) and jobs (calls on a thread pool) are named
/// by number. Times are loop time: the time since the loop began.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the comment of each kind describes its fields")]
pub enum Event {
    /// A run began, with this clock and this seed for the order of tasks.
    RunStart {
        virtual_time: bool,
        seed: Option<u64>,
    },
    /// The main future ended.
    RunEnd { how: Ending },
    /// The loop begins to close: it drops the tasks that are left.
    LoopClose,
    /// The loop is closed.
    LoopClosed,
    /// A pass over the ready queue began, with this many tasks in the queue.
    Turn { ready: usize },
    /// A seed set the order of the tasks in that pass.
    TurnOrder { order: Vec<TaskId> },
    /// A task was spawned, at this source line.
    TaskSpawn {
        task: TaskId,
        name: String,
        parent: Option<TaskId>,
        at: String,
    },
    /// A task went to the back of the ready queue.
    ReadyPush { task: TaskId },
    /// A child of a scope was woken. It goes on the scope's list of woken
    /// children, and the scope polls it inside its own poll.
    ScopePush { task: TaskId },
    /// The poll of a task began.
    PollStart { task: TaskId },
    /// The poll of a task ended.
    PollEnd { task: TaskId, result: PollResult },
    /// A combinator polls its future with this index.
    ChildPoll { task: TaskId, child: usize },
    /// That future completed.
    ChildDone { task: TaskId, child: usize },
    /// A task was woken.
    Wake {
        task: TaskId,
        by: Cause,
        outcome: WakeOutcome,
    },
    /// A sample: `n` clones of a task's waker are alive, and `noted` is whether
    /// a part of the runtime holds the task's key. Emitted when it differs from
    /// the last sample.
    WakerCount { task: TaskId, n: usize, noted: bool },
    /// A task began to wait.
    Await { task: TaskId, on: WaitTarget },
    /// A task stopped waiting before the wait completed.
    AwaitEnd { task: TaskId, on: WaitTarget },
    /// The cancellation of a task was requested.
    TaskCancel { task: TaskId },
    /// A task ended and its future was dropped. `text` is the panic's message.
    TaskEnd {
        task: TaskId,
        how: Ending,
        text: Option<String>,
    },
    /// A timer of a task was armed for this loop time; `Duration::MAX` is never.
    TimerAdd {
        timer: u64,
        task: TaskId,
        deadline: Duration,
    },
    /// A timer was given a new deadline.
    TimerMove { timer: u64, deadline: Duration },
    /// A timer was due and fired.
    TimerFire { timer: u64 },
    /// A timer was dropped before it was due.
    TimerCancel { timer: u64 },
    /// The loop parked, until this loop time or until it is unparked.
    ParkStart { until: Option<Duration> },
    /// The loop continued.
    ParkEnd { reason: ParkEndReason },
    /// A message was put into the inbox, mostly by another thread. `task` is
    /// the task that it is about.
    MessageSent {
        task: Option<TaskId>,
        kind: MessageKind,
    },
    /// The loop took this many messages out of the inbox.
    InboxDrained { messages: usize },
    /// A socket was registered with the poller. `addr` is its peer.
    SourceAdd {
        source: u64,
        kind: String,
        addr: Option<String>,
    },
    /// A socket was removed from the poller.
    SourceRemove { source: u64 },
    /// A task tried to use a socket.
    SourceTry {
        source: u64,
        direction: Direction,
        result: Attempt,
    },
    /// A socket will wake this task too when it may be ready; `None` ends that
    /// for all tasks.
    SourceWait {
        source: u64,
        task: Option<TaskId>,
        direction: Direction,
    },
    /// The poller reported that a socket may be ready.
    SourceReady {
        source: u64,
        readable: bool,
        writable: bool,
        closed: bool,
    },
    /// A task gave a call to a thread pool, at this source line.
    JobSubmit { job: u64, task: TaskId, at: String },
    /// A thread began that call.
    JobStart { job: u64 },
    /// The call ended on its thread.
    JobFinish { job: u64, panicked: bool },
    /// The loop received the result of the call.
    JobEnd { job: u64 },
    /// The call was cancelled before a thread began it.
    JobCancel { job: u64 },
    /// The program printed a line with `executor::println!`.
    Print { task: Option<TaskId>, text: String },
    /// The program left a mark for the reader of the trace.
    Mark { task: Option<TaskId>, text: String },
    /// An event of a kind that this version does not know. Occurs only in a
    /// trace that was read from a file.
    Other { kind: String },
}

impl Event {
    /// Returns the name of this kind of event in the format.
    ///
    /// ```
    /// # use loop_trace::{Event, TaskId};
    /// assert_eq!(Event::PollStart { task: TaskId::new(1) }.kind(), "poll.start");
    /// ```
    pub fn kind(&self) -> &str {
        match self {
            Event::RunStart { .. } => "run.start",
            Event::RunEnd { .. } => "run.end",
            Event::LoopClose => "loop.close",
            Event::LoopClosed => "loop.closed",
            Event::Turn { .. } => "turn",
            Event::TurnOrder { .. } => "turn.order",
            Event::TaskSpawn { .. } => "task.spawn",
            Event::ReadyPush { .. } => "ready.push",
            Event::ScopePush { .. } => "scope.push",
            Event::PollStart { .. } => "poll.start",
            Event::PollEnd { .. } => "poll.end",
            Event::ChildPoll { .. } => "child.poll",
            Event::ChildDone { .. } => "child.done",
            Event::Wake { .. } => "wake",
            Event::WakerCount { .. } => "waker.count",
            Event::Await { .. } => "await",
            Event::AwaitEnd { .. } => "await.end",
            Event::TaskCancel { .. } => "task.cancel",
            Event::TaskEnd { .. } => "task.done",
            Event::TimerAdd { .. } => "timer.add",
            Event::TimerMove { .. } => "timer.move",
            Event::TimerFire { .. } => "timer.fire",
            Event::TimerCancel { .. } => "timer.cancel",
            Event::ParkStart { .. } => "park.start",
            Event::ParkEnd { .. } => "park.end",
            Event::MessageSent { .. } => "inbox.push",
            Event::InboxDrained { .. } => "inbox.drain",
            Event::SourceAdd { .. } => "io.register",
            Event::SourceRemove { .. } => "io.deregister",
            Event::SourceTry { .. } => "io.try",
            Event::SourceWait { .. } => "io.interest",
            Event::SourceReady { .. } => "io.event",
            Event::JobSubmit { .. } => "pool.submit",
            Event::JobStart { .. } => "pool.start",
            Event::JobFinish { .. } => "pool.end",
            Event::JobEnd { .. } => "pool.done",
            Event::JobCancel { .. } => "pool.cancel",
            Event::Print { .. } => "print",
            Event::Mark { .. } => "mark",
            Event::Other { kind } => kind,
        }
    }
}
