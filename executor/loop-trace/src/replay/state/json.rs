//! A state as JSON, to compare it with the states of the loop player.
//!
//! **Invariant:** members are in the order of the schema, so that equal states
//! are equal texts.
//!
//! Called by the tests that compare the two folds.

use std::fmt::{Display, Write};
use std::time::Duration;

use super::{Mode, State};
use crate::event::WaitTarget;
use crate::json::quoted;
use crate::replay::job::{Job, JobStage};
use crate::replay::source::Source;
use crate::replay::task::{Task, TaskStage};
use crate::replay::timer::Timer;
use crate::task_id::TaskId;

impl State {
    /// Returns the state as one line of JSON, as described in
    /// `docs/player/SCHEMA.md`.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{");
        let index = self.applied.checked_sub(1);
        let _ = write!(out, "\"i\":{},\"t\":{}", or_null(index), self.at.as_nanos());
        let _ = write!(out, ",\"k\":{}", quoted(&self.kind));
        let _ = write!(out, ",\"mode\":\"{}\"", self.mode.word());
        let _ = write!(out, ",\"turn\":{}", self.turn);
        let _ = write!(out, ",\"polling\":{}", task_or_null(self.polling));
        let suspended = self.suspended.iter().map(|task| task.json());
        list(&mut out, "suspended", suspended);
        list(&mut out, "queue", self.queue().map(TaskId::json));
        list(&mut out, "tasks", self.tasks().map(task));
        list(&mut out, "timers", self.timers().map(timer));
        let parked = match self.parked {
            None => "null".into(),
            Some(until) => format!("{{\"until\":{}}}", time(until)),
        };
        let _ = write!(out, ",\"parked\":{parked}");
        let messages = self.inbox.iter().map(|(task, kind)| {
            let task = task_or_null(*task);
            format!("{{\"task\":{task},\"what\":\"{}\"}}", kind.word())
        });
        list(&mut out, "inbox", messages);
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

fn or_null(value: Option<impl Display>) -> String {
    value.map_or_else(|| "null".into(), |value| value.to_string())
}

fn time(time: Option<Duration>) -> String {
    let finite = time.filter(|time| *time != Duration::MAX);
    or_null(finite.map(|time| time.as_nanos()))
}

fn task_or_null(task: Option<TaskId>) -> String {
    task.unwrap_or(TaskId::NONE).json()
}

fn task(task: &Task) -> String {
    let stage = match task.stage {
        TaskStage::Waiting => "waiting",
        TaskStage::Ready => "ready",
        TaskStage::Polling => "polling",
        TaskStage::Ended(how) => how.word(),
    };
    let waits: Vec<_> = task.waits.iter().map(WaitTarget::json).collect();
    format!(
        "{{\"task\":{},\"name\":{},\"parent\":{},\"state\":\"{stage}\",\"polls\":{},\
         \"waits\":[{}],\"wakers\":{},\"noted\":{},\"cancel\":{}}}",
        task.id.json(),
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
        timer.task.json(),
        time(Some(timer.deadline))
    )
}

fn source(source: &Source) -> String {
    let tasks = |tasks: &[TaskId]| {
        let tasks: Vec<_> = tasks.iter().map(|task| task.json()).collect();
        format!("[{}]", tasks.join(","))
    };
    format!(
        "{{\"src\":{},\"kind\":{},\"addr\":{},\"readers\":{},\"writers\":{}}}",
        source.source,
        quoted(&source.kind),
        or_null(source.addr.as_deref().map(quoted)),
        tasks(&source.readers),
        tasks(&source.writers)
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
        job.task.json(),
        or_null(job.worker)
    )
}
