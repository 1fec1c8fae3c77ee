//! A trace for Perfetto and `chrome://tracing`: slices for polls and jobs,
//! arrows for wakes.
//!
//! **Invariant:** a row ("thread") is a task, or a thread of a pool; process 1
//! is the loop, process 2 the pools.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use super::lanes::{Doing, Lane, Moment, Span, lanes};
use super::write::quoted;
use super::{Cause, Trace};
use crate::info::TaskId;

impl Trace {
    /// The trace in the JSON that <https://ui.perfetto.dev> and
    /// `chrome://tracing` read: a row for each task, with a slice for each poll
    /// and wait, and an arrow for each wake.
    pub fn to_perfetto(&self) -> String {
        let lanes = lanes(self);
        let mut out = Chrome(String::new());
        out.process(1, &self.program);
        out.row((1, 0), "loop");
        out.slices((1, 0), &lanes.the_loop);
        for task in &lanes.tasks {
            let row = (1, number(task.id));
            out.row(row, &task.own.label);
            out.slices(row, &task.own);
        }
        if !lanes.threads.is_empty() {
            out.process(2, "threads");
        }
        for (n, thread) in lanes.threads.iter().enumerate() {
            let row = (2, n as u64 + 1);
            out.row(row, &thread.label);
            out.slices(row, thread);
        }
        let polls: HashMap<TaskId, Vec<&Span>> = lanes
            .tasks
            .iter()
            .map(|task| {
                let polls = task.own.spans.iter();
                let polls = polls.filter(|span| span.doing == Doing::Polled);
                (task.id, polls.collect())
            })
            .collect();
        let mut arrows = 0;
        for task in &lanes.tasks {
            for wake in &task.wakes {
                let Cause::Task(by) = wake.by else { continue };
                let polls = &polls[&task.id];
                let next = polls.partition_point(|poll| poll.from.event < wake.at.event);
                if let Some(poll) = polls.get(next) {
                    arrows += 1;
                    out.arrow(arrows, (number(by), wake.at), (number(task.id), poll.from));
                }
            }
        }
        format!(
            "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n{}\n]}}\n",
            out.0
        )
    }
}

fn number(task: TaskId) -> u64 {
    super::number_of(task).unwrap_or(0)
}

/// The events so far, with commas between them.
struct Chrome(String);

/// Process and thread.
type Row = (u32, u64);

impl Chrome {
    fn event(&mut self, kind: &str, (process, thread): Row, rest: std::fmt::Arguments<'_>) {
        if !self.0.is_empty() {
            self.0.push_str(",\n");
        }
        let _ = write!(
            self.0,
            "{{\"ph\":\"{kind}\",\"pid\":{process},\"tid\":{thread},{rest}}}"
        );
    }

    fn process(&mut self, process: u32, name: &str) {
        let name = quoted(name);
        self.event(
            "M",
            (process, 0),
            format_args!("\"name\":\"process_name\",\"args\":{{\"name\":{name}}}"),
        );
    }

    fn row(&mut self, row: Row, name: &str) {
        let name = quoted(name);
        self.event(
            "M",
            row,
            format_args!("\"name\":\"thread_name\",\"args\":{{\"name\":{name}}}"),
        );
    }

    fn slices(&mut self, row: Row, lane: &Lane) {
        for span in &lane.spans {
            let name = match span.doing {
                Doing::Polled => "poll",
                Doing::Ready => "ready",
                Doing::Waits => "waits",
                Doing::Parked => "parked",
                Doing::Job => &span.label,
            };
            let (name, from, lasts) = (quoted(name), micros(span.from.at), micros(span.lasts()));
            self.event(
                "X",
                row,
                format_args!("\"name\":{name},\"ts\":{from},\"dur\":{lasts}"),
            );
        }
    }

    fn arrow(&mut self, id: u32, (by, from): (u64, Moment), (task, to): (u64, Moment)) {
        let (from, to) = (micros(from.at), micros(to.at));
        self.event(
            "s",
            (1, by),
            format_args!("\"name\":\"wake\",\"cat\":\"wake\",\"id\":{id},\"ts\":{from}"),
        );
        self.event(
            "f",
            (1, task),
            format_args!("\"name\":\"wake\",\"cat\":\"wake\",\"id\":{id},\"ts\":{to},\"bp\":\"e\""),
        );
    }
}

/// Microseconds with three digits after the point, without rounding.
fn micros(time: Duration) -> String {
    let nanos = time.as_nanos();
    format!("{}.{:03}", nanos / 1000, nanos % 1000)
}
