//! A state as JSON, for the comparison with the loop player's fold.
//!
//! **Invariant:** members stand in the order of the schema, so that equal
//! states are equal text.

use std::fmt::Write;
use std::time::Duration;

use super::{Job, JobStage, Mode, Source, State, Task, TaskStage, Timer};
use crate::info::TaskId;
use crate::instrument::number_of;
use crate::instrument::write::quoted;

impl State {
    /// The state as one line of JSON, as described in `docs/player/SCHEMA.md`.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{");
        let index = self.events.checked_sub(1);
        let _ = write!(out, "\"i\":{},\"t\":{}", maybe(index), self.at.as_nanos());
        let _ = write!(out, ",\"k\":{}", quoted(&self.kind));
        let _ = write!(out, ",\"mode\":\"{}\"", self.mode.word());
        let _ = write!(out, ",\"turn\":{}", self.turn);
        let polling = self.polling.and_then(number_of);
        let _ = write!(out, ",\"polling\":{}", maybe(polling));
        let suspended = self.suspended.iter().map(TaskId::to_string);
        list(&mut out, "suspended", suspended);
        list(&mut out, "queue", self.queue().map(|id| id.to_string()));
        list(&mut out, "tasks", self.tasks().map(task));
        list(&mut out, "timers", self.timers().map(timer));
        let parked = match self.parked {
            None => "null".into(),
            Some(until) => format!("{{\"until\":{}}}", time(until)),
        };
        let _ = write!(out, ",\"parked\":{parked}");
        let letters = self.inbox.iter().map(|(id, what)| {
            let id = maybe(id.and_then(number_of));
            format!("{{\"task\":{id},\"what\":\"{}\"}}", what.word())
        });
        list(&mut out, "inbox", letters);
        list(&mut out, "sources", self.sources().map(source));
        list(&mut out, "jobs", self.jobs().map(job));
        list(
            &mut out,
            "printed",
            self.printed.iter().map(|line| quoted(line)),
        );
        out.push('}');
        out
    }
}

impl Mode {
    fn word(self) -> &'static str {
        match self {
            Mode::Idle => "idle",
            Mode::Turn => "turn",
            Mode::Poll => "poll",
            Mode::Park => "park",
            Mode::Closing => "closing",
        }
    }
}

fn list(out: &mut String, name: &str, items: impl Iterator<Item = String>) {
    let items: Vec<_> = items.collect();
    let _ = write!(out, ",\"{name}\":[{}]", items.join(","));
}

fn maybe(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "null".into(), |value| value.to_string())
}

fn time(time: Option<Duration>) -> String {
    let ever = time.filter(|time| *time != Duration::MAX);
    maybe(ever.map(|time| time.as_nanos()))
}

fn task_or_null(task: Option<TaskId>) -> String {
    maybe(task.and_then(number_of))
}

fn task(task: &Task) -> String {
    let stage = match task.stage {
        TaskStage::Waiting => "waiting",
        TaskStage::Ready => "ready",
        TaskStage::Polling => "polling",
        TaskStage::Over(how) => how.word(),
    };
    let waits: Vec<_> = task.waits.iter().map(super::On::json).collect();
    format!(
        "{{\"task\":{},\"name\":{},\"parent\":{},\"state\":\"{stage}\",\"polls\":{},\
         \"waits\":[{}],\"wakers\":{},\"noted\":{},\"cancel\":{}}}",
        task.id,
        quoted(&task.name),
        task_or_null(task.parent),
        task.polls,
        waits.join(","),
        task.wakers,
        task.noted,
        task.cancel
    )
}

fn timer(timer: Timer) -> String {
    format!(
        "{{\"timer\":{},\"task\":{},\"deadline\":{}}}",
        timer.timer,
        task_or_null(Some(timer.task)),
        time(Some(timer.deadline))
    )
}

fn source(source: &Source) -> String {
    format!(
        "{{\"src\":{},\"kind\":{},\"addr\":{},\"reader\":{},\"writer\":{}}}",
        source.source,
        quoted(&source.kind),
        maybe(source.addr.as_deref().map(quoted)),
        task_or_null(source.reader),
        task_or_null(source.writer)
    )
}

fn job(job: &Job) -> String {
    let stage = match job.stage {
        JobStage::Queued => "queued",
        JobStage::Running => "running",
        JobStage::Ended => "ended",
    };
    format!(
        "{{\"job\":{},\"task\":{},\"state\":\"{stage}\",\"worker\":{}}}",
        job.job,
        task_or_null(Some(job.task)),
        maybe(job.worker)
    )
}
