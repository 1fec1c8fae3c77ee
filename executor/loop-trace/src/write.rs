//! A trace as text: the format `loop-trace/1`.
//!
//! **Invariant:** one event a line and members in the order of the schema, so
//! that equal traces are equal bytes and a diff of two traces is readable.
//!
//! Called through `Trace::to_json` and `Trace::to_script`.

use std::fmt::{Display, Write};
use std::time::Duration;

use crate::event::{Cause, Ending, Event, WaitTarget};
use crate::json::quoted;
use crate::task_id::TaskId;
use crate::trace::{Entry, Trace};

impl Trace {
    /// Returns the trace as JSON, one event a line.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\n\"schema\": \"loop-trace/1\",\n");
        let texts = |texts: &[String]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>();
        let _ = writeln!(out, "\"program\": {},", quoted(&self.program));
        let _ = writeln!(out, "\"args\": [{}],", texts(&self.args).join(","));
        let _ = writeln!(out, "\"lang\": {},", quoted(&self.lang));
        let _ = writeln!(out, "\"runtime\": {},", quoted(&self.runtime));
        let _ = writeln!(out, "\"version\": {},", quoted(&self.version));
        let clock = ["monotonic", "virtual"][usize::from(self.virtual_time)];
        let _ = writeln!(out, "\"clock\": \"{clock}\",\n\"unit\": \"ns\",");
        if let Some(seed) = self.seed {
            let _ = writeln!(out, "\"seed\": {seed},");
        }
        let sites = self.sites.iter();
        let sites = sites.map(|site| format!("[{},{}]", quoted(&site.file), site.line));
        let _ = writeln!(out, "\"sites\": [{}],", sites.collect::<Vec<_>>().join(","));
        let _ = writeln!(out, "\"dropped\": {},\n\"events\": [", self.dropped);
        let mut turns = 0;
        for (i, entry) in self.events.iter().enumerate() {
            turns += u64::from(matches!(entry.event, Event::Turn { .. }));
            line(&mut out, i, entry, turns);
            out.push_str(if i + 1 < self.events.len() {
                ",\n"
            } else {
                "\n"
            });
        }
        out.push_str("]\n}\n");
        out
    }

    /// Returns the trace as a script, `loopTrace("name", {…});`, for a page that
    /// is opened from disk: a browser does not let it read other files.
    pub fn to_script(&self, name: &str) -> String {
        let json = self.to_json();
        format!("loopTrace({}, {});\n", quoted(name), json.trim_end())
    }
}

/// An event that is being written.
struct Line<'a>(&'a mut String);

impl Line<'_> {
    fn raw(&mut self, name: &str, value: impl Display) -> &mut Self {
        let _ = write!(self.0, ",\"{name}\":{value}");
        self
    }

    fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw(name, quoted(value))
    }

    fn optional(&mut self, name: &str, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.raw(name, value),
            None => self.raw(name, "null"),
        }
    }

    fn task(&mut self, task: TaskId) -> &mut Self {
        self.raw("task", task.json())
    }

    fn time(&mut self, name: &str, time: Option<Duration>) -> &mut Self {
        let finite = time.filter(|time| *time != Duration::MAX);
        self.optional(name, finite.map(|time| time.as_nanos()))
    }
}

fn line(out: &mut String, i: usize, entry: &Entry, turns: u64) {
    let kind = entry.event.kind();
    let _ = write!(out, "{{\"i\":{i},\"t\":{},\"k\":", entry.at.as_nanos());
    out.push_str(&quoted(kind));
    let mut line = Line(out);
    if let Some(thread) = entry.thread {
        line.raw("th", thread);
    }
    if let Some(site) = entry.site {
        line.raw("s", site);
    }
    fields(&mut line, &entry.event, turns);
    out.push('}');
}

fn fields(line: &mut Line<'_>, event: &Event, turns: u64) {
    match event {
        Event::RunStart { .. } | Event::LoopClose | Event::LoopClosed | Event::Other { .. } => {}
        Event::RunEnd { how } => {
            let how = match how {
                Ending::Cancelled => "stalled",
                how => how.word(),
            };
            line.text("how", how);
        }
        Event::Turn { ready } => {
            line.raw("n", turns).raw("ready", ready);
        }
        Event::TurnOrder { order } => {
            let order = order.iter().map(|task| task.json()).collect::<Vec<_>>();
            line.raw("order", format_args!("[{}]", order.join(",")));
        }
        Event::TaskSpawn {
            task,
            name,
            parent,
            at,
        } => {
            line.task(*task).text("name", name);
            line.raw("parent", parent.unwrap_or(TaskId::NONE).json())
                .text("at", at);
        }
        Event::ReadyPush { task }
        | Event::ScopePush { task }
        | Event::PollStart { task }
        | Event::TaskCancel { task } => {
            line.task(*task);
        }
        Event::PollEnd { task, result } => {
            line.task(*task).text("result", result.word());
        }
        Event::ChildPoll { task, child } | Event::ChildDone { task, child } => {
            line.task(*task).raw("child", child);
        }
        Event::Wake { task, by, outcome } => {
            line.task(*task).raw("by", by.json());
            line.text("effect", outcome.word());
        }
        Event::WakerCount { task, n, noted } => {
            line.task(*task).raw("n", n).raw("noted", noted);
        }
        Event::Await { task, on } | Event::AwaitEnd { task, on } => {
            line.task(*task).raw("on", on.json());
        }
        Event::TaskEnd { task, how, text } => {
            line.task(*task).text("how", how.word());
            if let Some(text) = text {
                line.text("text", text);
            }
        }
        Event::ParkStart { until } => {
            line.time("until", *until);
        }
        Event::ParkEnd { reason } => {
            line.text("cause", reason.word());
        }
        Event::InboxDrained { messages } => {
            line.raw("n", messages);
        }
        Event::MessageSent { task, kind } => {
            line.task(task.unwrap_or(TaskId::NONE));
            line.text("what", kind.word());
        }
        Event::Print { task, text } | Event::Mark { task, text } => {
            line.task(task.unwrap_or(TaskId::NONE)).text("text", text);
        }
        event => resource_fields(line, event),
    }
}

/// Writes the fields of an event about a timer, a source or a job.
fn resource_fields(line: &mut Line<'_>, event: &Event) {
    match event {
        Event::TimerAdd {
            timer,
            task,
            deadline,
        } => {
            line.raw("timer", timer).task(*task);
            line.time("deadline", Some(*deadline));
        }
        Event::TimerMove { timer, deadline } => {
            line.raw("timer", timer).time("deadline", Some(*deadline));
        }
        Event::TimerFire { timer } | Event::TimerCancel { timer } => {
            line.raw("timer", timer);
        }
        Event::SourceAdd { source, kind, addr } => {
            line.raw("src", source).text("kind", kind);
            line.optional("addr", addr.as_deref().map(quoted));
        }
        Event::SourceRemove { source } => {
            line.raw("src", source);
        }
        Event::SourceTry {
            source,
            direction,
            result,
        } => {
            line.raw("src", source).text("op", direction.word());
            line.text("result", result.word());
        }
        Event::SourceWait {
            source,
            task,
            direction,
        } => {
            line.raw("src", source);
            line.task(task.unwrap_or(TaskId::NONE));
            line.text("dir", direction.word());
        }
        Event::SourceReady {
            source,
            readable,
            writable,
            closed,
        } => {
            line.raw("src", source).raw("readable", readable);
            line.raw("writable", writable).raw("closed", closed);
        }
        Event::JobSubmit { job, task, at } => {
            line.raw("job", job).task(*task).text("at", at);
        }
        Event::JobFinish { job, panicked } => {
            let result = ["ok", "panic"][usize::from(*panicked)];
            line.raw("job", job).text("result", result);
        }
        Event::JobStart { job } | Event::JobEnd { job } | Event::JobCancel { job } => {
            line.raw("job", job);
        }
        _ => {}
    }
}

impl Cause {
    fn json(self) -> String {
        match self {
            Cause::Task(task) => format!("{{\"task\":{}}}", task.json()),
            Cause::Timer(timer) => format!("{{\"timer\":{timer}}}"),
            Cause::Job(job) => format!("{{\"job\":{job}}}"),
            Cause::Io => "\"io\"".into(),
            Cause::Inbox => "\"mail\"".into(),
            Cause::Loop => "\"loop\"".into(),
        }
    }
}

impl WaitTarget {
    /// Returns the target as JSON.
    pub(crate) fn json(&self) -> String {
        match self {
            WaitTarget::Timer(timer) => format!("{{\"timer\":{timer}}}"),
            WaitTarget::Task(task) => format!("{{\"task\":{}}}", task.json()),
            WaitTarget::Source(source, direction) => {
                format!("{{\"source\":{source},\"dir\":\"{}\"}}", direction.word())
            }
            WaitTarget::Job(job) => format!("{{\"job\":{job}}}"),
            WaitTarget::Other(text) => format!("{{\"other\":{}}}", quoted(text)),
        }
    }
}
