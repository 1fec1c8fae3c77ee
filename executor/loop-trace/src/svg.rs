//! A trace as SVG, for books and pages.
//!
//! **Invariant:** shapes differ in more than colour; the picture has colours for
//! light and dark pages, and a title and a description for screen readers.
//!
//! Called by the book.

use std::fmt::Write;
use std::time::Duration;

use crate::event::{Cause, Ending, Event, WakeOutcome};
use crate::lanes::{Activity, Lane, Lanes, Moment, Span, TaskLane, lanes, short};
use crate::printable::printable;
use crate::task_id::TaskId;
use crate::trace::Trace;

/// The width of a character of a name, with some space.
const CHARACTER: f64 = 7.4;
/// A pause is as wide as this many events.
const PAUSE: usize = 6;
/// The height of a row.
const ROW: usize = 30;
/// The top of the first row.
const TOP: usize = 40;
/// Rows beyond this many are not drawn.
const MAX_ROWS: usize = 24;

/// Draws a trace as SVG: a row for the loop, one for each task with its polls
/// and waits, one for each thread of a pool, and an arrow for each wake (hollow
/// if the task was ready already).
///
/// The horizontal axis is the order of events, each as wide as the others. Most
/// of real time is waiting: on an axis of time, everything else would be too
/// thin to see. The times are written below.
///
/// ```
/// use loop_trace::{Entry, Event, Trace, svg};
/// use std::time::Duration;
///
/// let mut trace = Trace::default();
/// let event = Event::ParkStart { until: None };
/// trace.events.push(Entry { at: Duration::ZERO, thread: None, site: None, event });
/// assert!(svg(&trace).starts_with("<svg "));
/// ```
pub fn svg(trace: &Trace) -> String {
    let lanes = lanes(trace);
    let mut picture = Picture::new(trace, &lanes);
    picture.row("loop", &lanes.event_loop);
    picture.labels(0, &lanes.event_loop);
    let mut rows = Vec::new();
    for task in &lanes.tasks {
        if picture.rows >= MAX_ROWS {
            picture.note("… and more tasks");
            break;
        }
        rows.push((task.id, picture.rows));
        picture.row(&name(task), &task.own);
        if let [only] = task.waits.as_slice() {
            picture.labels(picture.rows - 1, only);
            continue;
        }
        for lane in &task.waits {
            picture.row(&format!("waits {}", lane.label), lane);
            picture.labels(picture.rows - 1, lane);
        }
    }
    for lane in &lanes.threads {
        picture.row(&lane.label, lane);
        picture.labels(picture.rows - 1, lane);
    }
    picture.arrows(&lanes, &rows);
    picture.times(trace);
    picture.legend();
    picture.finish(trace, &lanes)
}

fn name(task: &TaskLane) -> String {
    let end = match task.ended {
        Some(Ending::Cancelled) => " (cancelled)",
        Some(Ending::Panicked) => " (panicked)",
        _ => "",
    };
    format!("{}{end}", task.own.label)
}

struct Picture {
    body: String,
    rows: usize,
    /// The left edge of the drawing; the names of the rows are left of it.
    left: f64,
    /// The width of an event.
    step: f64,
    width: usize,
    /// The position of each event on the axis, in steps.
    positions: Vec<usize>,
}

impl Picture {
    fn new(trace: &Trace, lanes: &Lanes) -> Self {
        let positions = positions(trace, lanes);
        let last = positions.last().copied().unwrap_or(0).max(1);
        let names = lanes.tasks.iter().map(|task| name(task).chars().count());
        let left = 24.0 + names.max().unwrap_or(0).clamp(9, 30) as f64 * CHARACTER;
        let width = (left as usize + 30 + last * 16).clamp(640, 1200);
        Picture {
            body: String::new(),
            rows: 0,
            left,
            step: (width as f64 - left - 20.0) / last as f64,
            width,
            positions,
        }
    }

    fn x(&self, moment: Moment) -> f64 {
        let position = self.positions.get(moment.event).copied().unwrap_or(0);
        self.left + position as f64 * self.step
    }

    fn y(row: usize) -> usize {
        TOP + row * ROW
    }

    fn note(&mut self, text: &str) {
        let y = Self::y(self.rows) + 20;
        let text = escaped(text);
        let _ = writeln!(
            self.body,
            "<text class=\"name\" x=\"12\" y=\"{y}\">{text}</text>"
        );
        self.rows += 1;
    }

    fn row(&mut self, label: &str, lane: &Lane) {
        let row = self.rows;
        self.note(label);
        for span in &lane.spans {
            self.span(row, span);
        }
    }

    fn span(&mut self, row: usize, span: &Span) {
        let (from, to) = (self.x(span.from), self.x(span.to));
        let width = (to - from).max(3.0);
        let y = Self::y(row) + 6;
        let title = escaped(&describe(span));
        let (class, y, height) = match span.activity {
            Activity::Polled => ("poll", y, 18),
            Activity::Ready => ("ready", y + 3, 12),
            Activity::Waits => ("wait", y + 8, 2),
            Activity::Parked => ("park", y + 3, 12),
            Activity::Job => ("job", y, 18),
        };
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{y}\" width=\"{width:.1}\" \
             height=\"{height}\"><title>{title}</title></rect>"
        );
    }

    /// Writes the labels of spans into them, where they fit.
    fn labels(&mut self, row: usize, lane: &Lane) {
        for span in &lane.spans {
            let label = match span.activity {
                Activity::Parked => format!("parked {}", short(span.duration())),
                _ => span.label.clone(),
            };
            let (from, to) = (self.x(span.from), self.x(span.to));
            let needed = label.chars().count() as f64 * 6.8 + 8.0;
            if label.is_empty() || to - from < needed {
                continue;
            }
            let (middle, y) = (from.midpoint(to), Self::y(row) + 19);
            let (left, top) = (middle - needed / 2.0, y - 11);
            let label = escaped(&label);
            let _ = writeln!(
                self.body,
                "<rect class=\"behind\" x=\"{left:.1}\" y=\"{top}\" width=\"{needed:.1}\" \
                 height=\"14\"/><text class=\"on\" x=\"{middle:.1}\" y=\"{y}\">{label}</text>"
            );
        }
    }

    /// Draws what the shapes mean.
    fn legend(&mut self) {
        let y = Self::y(self.rows) + 44;
        let words = ["ready", "poll", "wait", "park", "job"];
        let names = ["ready", "polled", "waits", "parked", "on a thread"];
        for (n, (class, name)) in words.into_iter().zip(names).enumerate() {
            let x = 12 + n * 92;
            let (text, height) = (x + 22, if class == "wait" { 2 } else { 10 });
            let top = y - 4 - height / 2;
            let _ = writeln!(
                self.body,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{top}\" width=\"16\" \
                 height=\"{height}\"/><text class=\"tick\" x=\"{text}\" y=\"{y}\">{name}</text>"
            );
        }
        let (wake, text) = (12 + 5 * 92 + 20, 12 + 5 * 92 + 34);
        let _ = writeln!(
            self.body,
            "<g class=\"wake\"><path class=\"tip\" d=\"M{} {}H{}L{wake} {}Z\"/></g>\
             <text class=\"tick\" x=\"{text}\" y=\"{y}\">wake</text>",
            wake - 4,
            y - 8,
            wake + 4,
            y
        );
    }

    /// Draws an arrow from the cause of each wake to the row of its task.
    fn arrows(&mut self, lanes: &Lanes, rows: &[(TaskId, usize)]) {
        let row_of = |task: TaskId| rows.iter().find(|(id, _)| *id == task).map(|(_, row)| *row);
        for task in &lanes.tasks {
            let Some(to) = row_of(task.id) else { continue };
            for wake in &task.wakes {
                let from = match wake.by {
                    Cause::Task(by) => row_of(by).unwrap_or(0),
                    _ => 0,
                };
                let kind = match wake.outcome {
                    WakeOutcome::Queued => "wake",
                    _ => "wake idle",
                };
                self.arrow(kind, self.x(wake.at), from, to);
            }
        }
    }

    fn arrow(&mut self, kind: &str, x: f64, from: usize, to: usize) {
        let middle = |row| Self::y(row) + 15;
        let (begin, end) = (middle(from), middle(to));
        let up = if end >= begin { -8 } else { 8 };
        let tip = end as i64 + up;
        let (left, right) = (x - 4.0, x + 4.0);
        let base = tip + up;
        let _ = writeln!(
            self.body,
            "<g class=\"{kind}\"><path d=\"M{x:.1} {begin}V{base}\"/><path class=\"tip\" \
             d=\"M{left:.1} {base}H{right:.1}L{x:.1} {tip}Z\"/></g>"
        );
    }

    /// Draws a line wherever time passes, with the new time below it.
    fn times(&mut self, trace: &Trace) {
        let bottom = Self::y(self.rows) + 4;
        let mut last = None;
        let mut free_from = 0.0;
        for (event, entry) in trace.events.iter().enumerate() {
            if last == Some(entry.at) {
                continue;
            }
            last = Some(entry.at);
            let moment = Moment {
                event,
                at: entry.at,
            };
            let x = self.x(moment);
            let _ = writeln!(
                self.body,
                "<path class=\"time\" d=\"M{x:.1} {TOP}V{bottom}\"/>"
            );
            let text = if entry.at.is_zero() {
                "0".into()
            } else {
                short(entry.at)
            };
            if x >= free_from {
                let y = bottom + 16;
                let _ = writeln!(
                    self.body,
                    "<text class=\"tick\" x=\"{x:.1}\" y=\"{y}\">{text}</text>"
                );
                free_from = x + text.chars().count() as f64 * 7.0 + 14.0;
            }
        }
    }

    fn finish(self, trace: &Trace, lanes: &Lanes) -> String {
        let (width, height) = (self.width, Self::y(self.rows) + 56);
        let args = trace.args.join(" ");
        let program = format!("{} {args}", trace.program);
        let title = escaped(&format!("What the loop does in {}", program.trim_end()));
        let text = escaped(&description(trace, lanes));
        let heading = escaped(program.trim_end());
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"t d\">\n\
             <title id=\"t\">{title}</title>\n<desc id=\"d\">{text}</desc>\n{STYLE}\
             <rect class=\"ground\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>\n\
             <text class=\"heading\" x=\"12\" y=\"24\">{heading}</text>\n{body}</svg>\n",
            body = self.body
        )
    }
}

/// Returns the position of each event on the axis. An event in which nothing is
/// drawn shares its position with the one before it.
fn positions(trace: &Trace, lanes: &Lanes) -> Vec<usize> {
    let mut drawn = vec![false; trace.events.len() + 1];
    let mut draw = |moment: Moment| drawn[moment.event] = true;
    let tasks = lanes.tasks.iter();
    let of_tasks = tasks.flat_map(|task| std::iter::once(&task.own).chain(&task.waits));
    let all = of_tasks.chain([&lanes.event_loop]).chain(&lanes.threads);
    for span in all.flat_map(|lane| &lane.spans) {
        draw(span.from);
        draw(span.to);
    }
    let wakes = lanes.tasks.iter().flat_map(|task| &task.wakes);
    wakes.for_each(|wake| draw(wake.at));
    let (mut position, mut time) = (0, Duration::ZERO);
    let count = drawn.iter().enumerate().map(|(event, drawn)| {
        let now = trace.events.get(event).map_or(time, |entry| entry.at);
        position += usize::from(*drawn);
        // Under a real clock, time passes at every event. A pause is longer.
        if now.saturating_sub(time) * 20 > lanes.end.at {
            position += PAUSE;
        }
        time = now;
        position
    });
    count.collect()
}

fn describe(span: &Span) -> String {
    let what = match span.activity {
        Activity::Polled => "polled",
        Activity::Ready => "in the ready queue",
        Activity::Waits => "waits",
        Activity::Parked => "parked",
        Activity::Job => "on a thread",
    };
    let Span { from, to, .. } = span;
    let times = format!("{} to {}", short(from.at), short(to.at));
    format!(
        "{what} {}, events {} to {}, {times}",
        span.label, from.event, to.event
    )
}

/// Describes the picture in words.
fn description(trace: &Trace, lanes: &Lanes) -> String {
    let count = |is: fn(&Event) -> bool| trace.events.iter().filter(|e| is(&e.event)).count();
    let polls = count(|event| matches!(event, Event::PollStart { .. }));
    let parks = count(|event| matches!(event, Event::ParkStart { .. }));
    let mut text = format!(
        "{} tasks, {polls} polls, {parks} parks, {} from start to end.",
        lanes.tasks.len(),
        short(lanes.end.at)
    );
    for task in lanes.tasks.iter().take(MAX_ROWS) {
        let polled = task
            .own
            .spans
            .iter()
            .filter(|span| span.activity == Activity::Polled);
        let _ = write!(text, " {}: {} polls", name(task), polled.count());
        let waits = task.waits.iter().flat_map(|lane| &lane.spans);
        for (n, wait) in waits.take(12).enumerate() {
            let _ = write!(
                text,
                "{}{}",
                if n == 0 { "; waits for " } else { ", " },
                wait.label
            );
        }
        text.push('.');
    }
    text
}

fn escaped(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    printable(&text.replace('"', "&quot;"))
}

const STYLE: &str = "<style>\n\
:root{color-scheme:light dark}\n\
text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#1f2430}\n\
.heading{font-weight:600;font-size:13px}.tick{fill:#5b6472;font-size:11px}\n\
.on{text-anchor:middle;font-size:11px}.behind{fill:#fff}\n\
.ground{fill:#fff;stroke:#d5dae2}\n\
.poll{fill:#0b7a53}.ready{fill:#f2c14e;stroke:#7a5a00}.wait{fill:#7b8494}\n\
.park{fill:#eef1f6;stroke:#aab3c2;stroke-dasharray:3 3}.job{fill:#6b4fbb}\n\
.time{stroke:#d5dae2;fill:none}.wake path{stroke:#b3261e;fill:none;stroke-width:1.4}\n\
.wake .tip{fill:#b3261e}.wake.idle .tip{fill:#fff}.wake.idle path{stroke-dasharray:3 2}\n\
.wake.idle .tip{stroke-dasharray:none}\n\
@media (prefers-color-scheme:dark){\n\
text{fill:#e6e9ef}\n\
.tick{fill:#a3acba}.behind{fill:#15181e}\n\
.ground{fill:#15181e;stroke:#333a46}.poll{fill:#3ddc97}\n\
.ready{fill:#8a6a12;stroke:#f2c14e}.wait{fill:#8d97a8}\n\
.park{fill:#20252e;stroke:#596273}.job{fill:#a48bf0}.time{stroke:#333a46}\n\
.wake path{stroke:#ff8a80}.wake .tip{fill:#ff8a80}.wake.idle .tip{fill:#15181e}}\n\
</style>\n";
