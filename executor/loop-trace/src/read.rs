//! A trace from text.
//!
//! **Invariant:** reading is the inverse of writing. Unknown members are
//! skipped, unknown kinds of events become `Event::Other`, and a missing or
//! malformed member is an error with a line and a column.
//!
//! Called through `Trace::parse`.

mod member;

use std::time::Duration;

use crate::event::{Attempt, Ending, Event, MessageKind, ParkEndReason, PollResult, WakeOutcome};
use crate::json::{self, Node, TraceError};
use crate::trace::{Entry, Site, Trace};
use member::{Read, error};

impl Trace {
    /// Reads a trace from the JSON of [`to_json`](Self::to_json), or of another
    /// recorder that follows the schema.
    ///
    /// # Errors
    ///
    /// Returns the first fault of the text, with its line and column.
    ///
    /// ```
    /// use loop_trace::Trace;
    ///
    /// let error = Trace::parse("{\n \"schema\" 1}").unwrap_err();
    /// assert_eq!(error.to_string(), "line 2, column 11: expected `:`");
    /// ```
    pub fn parse(text: &str) -> Result<Trace, TraceError> {
        let trace = json::parse(text).and_then(|node| trace(&node));
        trace.map_err(|error| error.locate(text))
    }
}

fn trace(node: &Node) -> Read<Trace> {
    let schema = node.get("schema")?;
    if schema.text()? != "loop-trace/1" {
        return error(schema, "the only supported schema is \"loop-trace/1\"");
    }
    let text = |name| Ok(node.get(name)?.text()?.to_owned());
    let clock = node.get("clock")?;
    let virtual_time = match clock.text()? {
        "virtual" => true,
        "monotonic" => false,
        _ => return error(clock, "a clock must be \"virtual\" or \"monotonic\""),
    };
    let args = node.get("args")?.list()?.iter();
    let seed = node.member("seed").map(Node::number).transpose()?;
    let mut trace = Trace {
        program: text("program")?,
        args: args
            .map(|arg| Ok(arg.text()?.to_owned()))
            .collect::<Read<_>>()?,
        lang: text("lang")?,
        runtime: text("runtime")?,
        version: text("version")?,
        virtual_time,
        seed,
        sites: node
            .get("sites")?
            .list()?
            .iter()
            .map(site)
            .collect::<Read<_>>()?,
        dropped: node.get("dropped")?.number()?,
        events: Vec::new(),
    };
    for (i, event) in node.get("events")?.list()?.iter().enumerate() {
        if event.get("i")?.number()? != i as u64 {
            return error(event, format!("expected event {i}"));
        }
        trace.events.push(entry(event, &trace)?);
    }
    Ok(trace)
}

fn site(node: &Node) -> Read<Site> {
    let [file, line] = node.list()? else {
        return error(node, "a site must be a file and a line");
    };
    Ok(Site {
        file: file.text()?.to_owned(),
        line: line.index()?,
    })
}

fn entry(node: &Node, trace: &Trace) -> Read<Entry> {
    let site = node.member("s");
    let index = site.map(Node::index).transpose()?;
    if let (Some(site), Some(index)) = (site, index) {
        if trace.sites.len() <= index as usize {
            return error(site, "`sites` has no such entry");
        }
    }
    Ok(Entry {
        at: Duration::from_nanos(node.get("t")?.number()?),
        thread: node.member("th").map(Node::index).transpose()?,
        site: index,
        event: event(node, trace)?,
    })
}

fn event(node: &Node, trace: &Trace) -> Read<Event> {
    let task = || node.get("task")?.task_or_none();
    let optional_task = || node.get("task")?.optional(Node::task);
    let text = |name| Ok(node.get(name)?.text()?.to_owned());
    let count = |name| Ok(node.get(name)?.index()? as usize);
    Ok(match node.get("k")?.text()? {
        "run.start" => Event::RunStart {
            virtual_time: trace.virtual_time,
            seed: trace.seed,
        },
        "run.end" => Event::RunEnd {
            how: node.get("how")?.word(run_ending)?,
        },
        "loop.close" => Event::LoopClose,
        "loop.closed" => Event::LoopClosed,
        "turn" => Event::Turn {
            ready: count("ready")?,
        },
        "turn.order" => {
            let order = node.get("order")?.list()?.iter();
            Event::TurnOrder {
                order: order.map(Node::task_or_none).collect::<Read<_>>()?,
            }
        }
        "task.spawn" => Event::TaskSpawn {
            task: task()?,
            name: text("name")?,
            parent: node.get("parent")?.optional(Node::task)?,
            at: text("at")?,
        },
        "ready.push" => Event::ReadyPush { task: task()? },
        "scope.push" => Event::ScopePush { task: task()? },
        "poll.start" => Event::PollStart { task: task()? },
        "poll.end" => Event::PollEnd {
            task: task()?,
            result: node.get("result")?.word(PollResult::from_word)?,
        },
        "child.poll" => Event::ChildPoll {
            task: task()?,
            child: count("child")?,
        },
        "child.done" => Event::ChildDone {
            task: task()?,
            child: count("child")?,
        },
        "wake" => Event::Wake {
            task: task()?,
            by: node.get("by")?.cause()?,
            outcome: node.get("effect")?.word(WakeOutcome::from_word)?,
        },
        "waker.count" => Event::WakerCount {
            task: task()?,
            n: count("n")?,
            noted: node.get("noted")?.bool()?,
        },
        "await" => Event::Await {
            task: task()?,
            on: node.get("on")?.wait_target()?,
        },
        "await.end" => Event::AwaitEnd {
            task: task()?,
            on: node.get("on")?.wait_target()?,
        },
        "task.cancel" => Event::TaskCancel { task: task()? },
        "task.done" => Event::TaskEnd {
            task: task()?,
            how: node.get("how")?.word(Ending::from_word)?,
            text: match node.member("text") {
                Some(text) => Some(text.text()?.to_owned()),
                None => None,
            },
        },
        "park.start" => Event::ParkStart {
            until: node
                .get("until")?
                .optional(Node::number)?
                .map(Duration::from_nanos),
        },
        "park.end" => Event::ParkEnd {
            reason: node.get("cause")?.word(ParkEndReason::from_word)?,
        },
        "inbox.push" => Event::MessageSent {
            task: optional_task()?,
            kind: node.get("what")?.word(MessageKind::from_word)?,
        },
        "inbox.drain" => Event::InboxDrained {
            messages: count("n")?,
        },
        "print" => Event::Print {
            task: optional_task()?,
            text: text("text")?,
        },
        "mark" => Event::Mark {
            task: optional_task()?,
            text: text("text")?,
        },
        kind => return resource_event(node, kind),
    })
}

/// A run that ends without a value has stalled.
fn run_ending(word: &str) -> Option<Ending> {
    match word {
        "stalled" => Some(Ending::Cancelled),
        "cancelled" => None,
        word => Ending::from_word(word),
    }
}

/// Reads an event about a timer, a source or a job.
fn resource_event(node: &Node, kind: &str) -> Read<Event> {
    let number = |name| node.get(name)?.number();
    let bool = |name| node.get(name)?.bool();
    let text = |name| Ok(node.get(name)?.text()?.to_owned());
    Ok(match kind {
        "timer.add" => Event::TimerAdd {
            timer: number("timer")?,
            task: node.get("task")?.task_or_none()?,
            deadline: node.get("deadline")?.time()?,
        },
        "timer.move" => Event::TimerMove {
            timer: number("timer")?,
            deadline: node.get("deadline")?.time()?,
        },
        "timer.fire" => Event::TimerFire {
            timer: number("timer")?,
        },
        "timer.cancel" => Event::TimerCancel {
            timer: number("timer")?,
        },
        "io.register" => Event::SourceAdd {
            source: number("src")?,
            kind: text("kind")?,
            addr: node.get("addr")?.optional(Node::text)?.map(str::to_owned),
        },
        "io.deregister" => Event::SourceRemove {
            source: number("src")?,
        },
        "io.try" => Event::SourceTry {
            source: number("src")?,
            direction: node.get("op")?.direction()?,
            result: node.get("result")?.word(Attempt::from_word)?,
        },
        "io.interest" => Event::SourceWait {
            source: number("src")?,
            task: node.get("task")?.optional(Node::task)?,
            direction: node.get("dir")?.direction()?,
        },
        "io.event" => Event::SourceReady {
            source: number("src")?,
            readable: bool("readable")?,
            writable: bool("writable")?,
            closed: bool("closed")?,
        },
        "pool.submit" => Event::JobSubmit {
            job: number("job")?,
            task: node.get("task")?.task_or_none()?,
            at: text("at")?,
        },
        "pool.start" => Event::JobStart {
            job: number("job")?,
        },
        "pool.end" => Event::JobFinish {
            job: number("job")?,
            panicked: match node.get("result")?.text()? {
                "ok" => false,
                "panic" => true,
                _ => return error(node, "the result of a job must be \"ok\" or \"panic\""),
            },
        },
        "pool.done" => Event::JobEnd {
            job: number("job")?,
        },
        "pool.cancel" => Event::JobCancel {
            job: number("job")?,
        },
        kind => Event::Other {
            kind: kind.to_owned(),
        },
    })
}
