//! A trace for Perfetto and `chrome://tracing`: slices for polls and jobs,
//! arrows for wakes.
//!
//! **Invariant:** a row (a "thread" of the format) is a task or a thread of a
//! pool. Process 1 has the loop and its tasks, process 2 the pools.
//!
//! Called through `Trace::to_perfetto`.

use std::fmt::Arguments;
use std::time::Duration;

use crate::event::Cause;
use crate::json::quoted;
use crate::lanes::{Activity, Lane, Moment, TaskLane, lanes};
use crate::trace::Trace;

impl Trace {
    /// Returns the trace in the JSON that <https://ui.perfetto.dev> and
    /// `chrome://tracing` read: a row for each task, with a slice for each poll
    /// and wait, and an arrow for each wake.
    pub fn to_perfetto(&self) -> String {
        let lanes = lanes(self);
        let mut out = Writer::default();
        out.process(1, &self.program);
        out.row(LOOP, "loop");
        out.slices(LOOP, &lanes.event_loop);
        for task in &lanes.tasks {
            let row = (1, task.id.get());
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

/// A process and a thread of the format.
type Row = (u32, u64);
const LOOP: Row = (1, 0);

/// The events written so far, each with the index of the trace's event that it
/// belongs to.
///
/// The output is in the order of these indexes. A reader sorts events by time,
/// keeps the order of equal ones, and ties an arrow to the slice of its row
/// that began last; in virtual time, many times are equal.
#[derive(Default)]
struct Writer {
    events: Vec<(usize, String)>,
    arrows: u32,
}

impl Writer {
    fn event(&mut self, at: usize, kind: &str, row: Row, rest: Arguments<'_>) {
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
            let name = match span.activity {
                Activity::Polled => "poll",
                Activity::Ready => "ready",
                Activity::Waits => "waits",
                Activity::Parked => "parked",
                Activity::Job => &span.label,
            };
            self.slice(row, name, span.from, span.duration());
        }
    }

    fn slice(&mut self, row: Row, name: &str, from: Moment, duration: Duration) {
        let (name, ts, dur) = (quoted(name), micros(from.at), micros(duration));
        self.event(
            from.event,
            "X",
            row,
            format_args!("\"name\":{name},\"ts\":{ts},\"dur\":{dur}"),
        );
    }

    /// Draws an arrow from the cause of each wake to the next poll of its task. A
    /// cause that is not a task gets a slice in the loop's row.
    fn wakes(&mut self, task: &TaskLane) {
        let polls = task.own.spans.iter();
        let polls: Vec<_> = polls
            .filter(|span| span.activity == Activity::Polled)
            .collect();
        for wake in &task.wakes {
            let next = polls.partition_point(|poll| poll.from.event < wake.at.event);
            let Some(poll) = polls.get(next) else {
                continue;
            };
            let row = match wake.by {
                Cause::Task(by) => (1, by.get()),
                _ => LOOP,
            };
            if row == LOOP {
                self.slice(row, &cause(wake.by), wake.at, Duration::ZERO);
            }
            self.arrow((row, wake.at), ((1, task.id.get()), poll.from));
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

/// Returns the name of a cause that is not a task.
fn cause(by: Cause) -> String {
    match by {
        Cause::Timer(timer) => format!("timer {timer}"),
        Cause::Job(job) => format!("job {job}"),
        Cause::Io => "socket".into(),
        Cause::Inbox => "inbox".into(),
        _ => "loop".into(),
    }
}

/// Returns microseconds with three digits after the point, without rounding.
fn micros(time: Duration) -> String {
    let nanos = time.as_nanos();
    format!("{}.{:03}", nanos / 1000, nanos % 1000)
}
