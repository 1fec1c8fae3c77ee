//! A trace as text: the format `loop-trace/1`.
//!
//! **Invariant:** one event a line, members in the order of the schema, so that
//! two recordings of one program are equal bytes and a difference reads well.

use std::fmt::Write;
use std::time::Duration;

use super::{
    Attempt, Cause, Effect, Ending, Entry, Event, Letter, On, Polled, Trace, Unpark, Way, number_of,
};
use crate::info::TaskId;

impl Trace {
    /// The trace as JSON, one event a line.
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

    /// The trace as a script, for a page that opens from disk and may not read
    /// other files: `loopTrace("name", {…});`.
    pub fn to_script(&self, name: &str) -> String {
        let json = self.to_json();
        format!("loopTrace({}, {});\n", quoted(name), json.trim_end())
    }
}

/// Text as JSON has it.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // The last two end a line in older scripts.
            letter if letter < ' ' || matches!(letter, '\u{7f}' | '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// One event being written.
struct Line<'a>(&'a mut String);

impl Line<'_> {
    fn raw(&mut self, name: &str, value: impl std::fmt::Display) -> &mut Self {
        let _ = write!(self.0, ",\"{name}\":{value}");
        self
    }

    fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw(name, quoted(value))
    }

    fn maybe(&mut self, name: &str, value: Option<impl std::fmt::Display>) -> &mut Self {
        match value {
            Some(value) => self.raw(name, value),
            None => self.raw(name, "null"),
        }
    }

    fn task(&mut self, task: TaskId) -> &mut Self {
        self.maybe("task", number_of(task))
    }

    fn time(&mut self, name: &str, time: Option<Duration>) -> &mut Self {
        let ever = time.filter(|time| *time != Duration::MAX);
        self.maybe(name, ever.map(|time| time.as_nanos()))
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
            let order = order.iter().map(TaskId::to_string).collect::<Vec<_>>();
            line.raw("order", format_args!("[{}]", order.join(",")));
        }
        Event::TaskSpawn {
            task,
            name,
            parent,
            at,
        } => {
            line.task(*task).text("name", name);
            line.maybe("parent", *parent).text("at", at);
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
        Event::Wake { task, by, effect } => {
            line.task(*task).raw("by", by.json());
            line.text("effect", effect.word());
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
        Event::ParkEnd { cause } => {
            line.text("cause", cause.word());
        }
        Event::Mail { messages } => {
            line.raw("n", messages);
        }
        Event::MailPush { task, what } => {
            line.task(task.unwrap_or(TaskId::NOBODY));
            line.text("what", what.word());
        }
        Event::Print { task, text } | Event::Mark { task, text } => {
            line.maybe("task", task.and_then(number_of))
                .text("text", text);
        }
        things => fields_of_things(line, things),
    }
}

/// The fields of events about timers, sources and jobs.
fn fields_of_things(line: &mut Line<'_>, event: &Event) {
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
            line.maybe("addr", addr.as_deref().map(quoted));
        }
        Event::SourceRemove { source } => {
            line.raw("src", source);
        }
        Event::SourceTry {
            source,
            way,
            result,
        } => {
            line.raw("src", source).text("op", way.word());
            line.text("result", result.word());
        }
        Event::SourceWait { source, task, way } => {
            line.raw("src", source);
            line.task(task.unwrap_or(TaskId::NOBODY));
            line.text("dir", way.word());
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

impl Event {
    /// The name of its kind in a trace.
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
            Event::MailPush { .. } => "inbox.push",
            Event::Mail { .. } => "inbox.drain",
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

/// The words that stand for the values of an enum, both ways.
macro_rules! words {
    ($($kind:ident { $($value:ident = $word:literal),* $(,)? })*) => {$(
        impl $kind {
            pub(super) fn word(self) -> &'static str {
                match self { $($kind::$value => $word,)* }
            }

            pub(super) fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($kind::$value),)* _ => None }
            }
        }
    )*};
}

words! {
    Ending { Returned = "returned", Cancelled = "cancelled", Panicked = "panicked" }
    Polled { Pending = "pending", Ready = "ready", Panicked = "panic" }
    Effect { Queued = "queued", AlreadyQueued = "already-queued", AfterDone = "after-done" }
    Unpark { Timer = "timer", Io = "io", Mail = "wake", Nothing = "none" }
    Letter { Wake = "wake", Cancel = "cancel", Job = "job", Call = "call", Nudge = "nudge" }
    Way { Read = "read", Write = "write" }
    Attempt { Done = "ok", WouldBlock = "would-block", Failed = "error" }
}

impl Cause {
    pub(super) fn json(self) -> String {
        match self {
            Cause::Task(task) => format!("{{\"task\":{task}}}"),
            Cause::Timer(timer) => format!("{{\"timer\":{timer}}}"),
            Cause::Job(job) => format!("{{\"job\":{job}}}"),
            Cause::Io => "\"io\"".into(),
            Cause::Mail => "\"mail\"".into(),
            Cause::Loop => "\"loop\"".into(),
        }
    }
}

impl On {
    pub(super) fn json(&self) -> String {
        match self {
            On::Timer(timer) => format!("{{\"timer\":{timer}}}"),
            On::Task(task) => format!("{{\"task\":{task}}}"),
            On::Source(source, way) => {
                format!("{{\"source\":{source},\"dir\":\"{}\"}}", way.word())
            }
            On::Job(job) => format!("{{\"job\":{job}}}"),
            On::Other(text) => format!("{{\"other\":{}}}", quoted(text)),
        }
    }
}
