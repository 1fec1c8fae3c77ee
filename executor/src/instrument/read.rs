//! A trace from text: the inverse of `write`.
//!
//! **Invariant:** what `write` wrote is read back as it was; members and kinds
//! that are not known are passed over, and what is missing or wrong is named
//! with its line and column.

mod node;

use std::time::Duration;

use super::json::{self, Node};
use super::{
    Attempt, Effect, Ending, Entry, Event, Letter, Polled, Site, Trace, TraceError, Unpark,
};
use node::{Read, wrong};

impl Trace {
    /// Reads a trace: the JSON of [`to_json`](Self::to_json), or of any other
    /// recorder that follows the schema.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, with its line and column.
    pub fn parse(text: &str) -> Result<Trace, TraceError> {
        let trace = json::parse(text).and_then(|node| trace(&node));
        trace.map_err(|wrong| wrong.found_in(text))
    }
}

fn trace(node: &Node) -> Read<Trace> {
    let schema = node.get("schema")?;
    if schema.text()? != "loop-trace/1" {
        return wrong(schema, "only the schema \"loop-trace/1\" can be read");
    }
    let text = |name| Ok(node.get(name)?.text()?.to_owned());
    let clock = node.get("clock")?;
    let virtual_time = match clock.text()? {
        "virtual" => true,
        "monotonic" => false,
        _ => return wrong(clock, "a clock is \"virtual\" or \"monotonic\""),
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
            return wrong(event, format!("event {i} was expected here"));
        }
        trace.events.push(entry(event, &trace)?);
    }
    Ok(trace)
}

fn site(node: &Node) -> Read<Site> {
    let [file, line] = node.list()? else {
        return wrong(node, "a site is a file and a line");
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
            return wrong(site, "there is no such entry in `sites`");
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
    let task = || node.get("task")?.task();
    let maybe_task = || node.get("task")?.maybe(Node::some_task);
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
                order: order.map(Node::task).collect::<Read<_>>()?,
            }
        }
        "task.spawn" => Event::TaskSpawn {
            task: task()?,
            name: text("name")?,
            parent: node.get("parent")?.maybe(Node::some_task)?,
            at: text("at")?,
        },
        "ready.push" => Event::ReadyPush { task: task()? },
        "scope.push" => Event::ScopePush { task: task()? },
        "poll.start" => Event::PollStart { task: task()? },
        "poll.end" => Event::PollEnd {
            task: task()?,
            result: node.get("result")?.word(Polled::from_word)?,
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
            effect: node.get("effect")?.word(Effect::from_word)?,
        },
        "waker.count" => Event::WakerCount {
            task: task()?,
            n: count("n")?,
            noted: node.get("noted")?.bool()?,
        },
        "await" => Event::Await {
            task: task()?,
            on: node.get("on")?.on()?,
        },
        "await.end" => Event::AwaitEnd {
            task: task()?,
            on: node.get("on")?.on()?,
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
                .maybe(Node::number)?
                .map(Duration::from_nanos),
        },
        "park.end" => Event::ParkEnd {
            cause: node.get("cause")?.word(Unpark::from_word)?,
        },
        "inbox.push" => Event::MailPush {
            task: maybe_task()?,
            what: node.get("what")?.word(Letter::from_word)?,
        },
        "inbox.drain" => Event::Mail {
            messages: count("n")?,
        },
        "print" => Event::Print {
            task: maybe_task()?,
            text: text("text")?,
        },
        "mark" => Event::Mark {
            task: maybe_task()?,
            text: text("text")?,
        },
        kind => return event_of_things(node, kind),
    })
}

fn run_ending(word: &str) -> Option<Ending> {
    match word {
        "stalled" => Some(Ending::Cancelled),
        "cancelled" => None,
        word => Ending::from_word(word),
    }
}

/// Events about timers, sources and jobs.
fn event_of_things(node: &Node, kind: &str) -> Read<Event> {
    let number = |name| node.get(name)?.number();
    let bool = |name| node.get(name)?.bool();
    let text = |name| Ok(node.get(name)?.text()?.to_owned());
    Ok(match kind {
        "timer.add" => Event::TimerAdd {
            timer: number("timer")?,
            task: node.get("task")?.task()?,
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
            addr: node.get("addr")?.maybe(Node::text)?.map(str::to_owned),
        },
        "io.deregister" => Event::SourceRemove {
            source: number("src")?,
        },
        "io.try" => Event::SourceTry {
            source: number("src")?,
            way: node.get("op")?.way()?,
            result: node.get("result")?.word(Attempt::from_word)?,
        },
        "io.interest" => Event::SourceWait {
            source: number("src")?,
            task: node.get("task")?.maybe(Node::some_task)?,
            way: node.get("dir")?.way()?,
        },
        "io.event" => Event::SourceReady {
            source: number("src")?,
            readable: bool("readable")?,
            writable: bool("writable")?,
            closed: bool("closed")?,
        },
        "pool.submit" => Event::JobSubmit {
            job: number("job")?,
            task: node.get("task")?.task()?,
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
                _ => return wrong(node, "a job ends with \"ok\" or \"panic\""),
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
