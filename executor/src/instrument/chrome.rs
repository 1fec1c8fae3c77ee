//! A trace for Perfetto and `chrome://tracing`: slices for polls and jobs,
//! arrows for wakes.
//!
//! **Invariant:** a row ("thread") is a task, or a thread of a pool; process 1
//! is the loop, process 2 the pools.

use std::time::Duration;

use super::lanes::{Doing, Lane, Moment, TaskLane, lanes};
use super::write::quoted;
use super::{Cause, Trace};
use crate::info::TaskId;

impl Trace {
    /// The trace in the JSON that <https://ui.perfetto.dev> and
    /// `chrome://tracing` read: a row for each task, with a slice for each poll
    /// and wait, and an arrow for each wake.
    pub fn to_perfetto(&self) -> String {
        let lanes = lanes(self);
        let mut out = Chrome::default();
        out.process(1, &self.program);
        out.row(THE_LOOP, "loop");
        out.slices(THE_LOOP, &lanes.the_loop);
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
        lanes.tasks.iter().for_each(|task| out.wakes(task));
        out.finish()
    }
}

fn number(task: TaskId) -> u64 {
    super::number_of(task).unwrap_or(0)
}

/// Process and thread.
type Row = (u32, u64);
const THE_LOOP: Row = (1, 0);

/// The events so far, each with the number of the trace's event that it is of.
///
/// They are written in that order: readers sort them by time, keep the order
/// of equals, and hang an arrow on the slice that began last in its row. In
/// virtual time many are equal.
#[derive(Default)]
struct Chrome {
    events: Vec<(usize, String)>,
    arrows: u32,
}

impl Chrome {
    fn event(&mut self, at: usize, kind: &str, row: Row, rest: std::fmt::Arguments<'_>) {
        let (process, thread) = row;
        let text = format!("{{\"ph\":\"{kind}\",\"pid\":{process},\"tid\":{thread},{rest}}}");
        self.events.push((at, text));
    }

    fn finish(mut self) -> String {
        self.events.sort_by_key(|(at, _)| *at);
        let lines: Vec<_> = self.events.into_iter().map(|(_, text)| text).collect();
        let lines = lines.join(",\n");
        format!("{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n{lines}\n]}}\n")
    }

    fn process(&mut self, process: u32, name: &str) {
        let name = quoted(name);
        self.event(
            0,
            "M",
            (process, 0),
            format_args!("\"name\":\"process_name\",\"args\":{{\"name\":{name}}}"),
        );
    }

    fn row(&mut self, row: Row, name: &str) {
        let name = quoted(name);
        self.event(
            0,
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
            self.slice(row, name, span.from, span.lasts());
        }
    }

    fn slice(&mut self, row: Row, name: &str, from: Moment, lasts: Duration) {
        let (name, ts, dur) = (quoted(name), micros(from.at), micros(lasts));
        self.event(
            from.event,
            "X",
            row,
            format_args!("\"name\":{name},\"ts\":{ts},\"dur\":{dur}"),
        );
    }

    /// An arrow from the cause of each wake to the poll that came of it. What
    /// is no task is the loop's doing, and has a slice there to begin at.
    fn wakes(&mut self, task: &TaskLane) {
        let polls = task.own.spans.iter();
        let polls: Vec<_> = polls.filter(|span| span.doing == Doing::Polled).collect();
        for wake in &task.wakes {
            let next = polls.partition_point(|poll| poll.from.event < wake.at.event);
            let Some(poll) = polls.get(next) else {
                continue;
            };
            let row = match wake.by {
                Cause::Task(by) => (1, number(by)),
                _ => THE_LOOP,
            };
            if row == THE_LOOP {
                self.slice(row, &cause(wake.by), wake.at, Duration::ZERO);
            }
            self.arrow((row, wake.at), ((1, number(task.id)), poll.from));
        }
    }

    fn arrow(&mut self, from: (Row, Moment), to: (Row, Moment)) {
        self.arrows += 1;
        let id = self.arrows;
        for (kind, (row, moment), more) in [("s", from, ""), ("f", to, ",\"bp\":\"e\"")] {
            let ts = micros(moment.at);
            self.event(
                moment.event,
                kind,
                row,
                format_args!("\"name\":\"wake\",\"cat\":\"wake\",\"id\":{id},\"ts\":{ts}{more}"),
            );
        }
    }
}

/// What woke a task, if no task did.
fn cause(by: Cause) -> String {
    match by {
        Cause::Timer(timer) => format!("timer {timer}"),
        Cause::Job(job) => format!("job {job}"),
        Cause::Io => "socket".into(),
        Cause::Mail => "mail".into(),
        _ => "loop".into(),
    }
}

/// Microseconds with three digits after the point, without rounding.
fn micros(time: Duration) -> String {
    let nanos = time.as_nanos();
    format!("{}.{:03}", nanos / 1000, nanos % 1000)
}
