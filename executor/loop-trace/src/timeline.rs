//! A trace as text, for a terminal.
//!
//! **Invariant:** no line is wider than requested, rows that do not fit are
//! counted in the output, and no text of the program reaches the terminal raw.
//!
//! Called by the recorder at the end of a run, and by the book.

use std::fmt::Write;
use std::time::Duration;

use crate::event::{Ending, Event, WakeOutcome};
use crate::lanes::{Activity, Lane, Lanes, Moment, Span, TaskLane, lanes, short};
use crate::printable::printable;
use crate::trace::Trace;

/// A smaller width is raised to this.
const MIN_WIDTH: usize = 40;
/// The longest name of a task that is shown in full.
const MAX_LABEL: usize = 26;
/// Rows beyond this many are counted, not drawn: so many fit on a screen.
const MAX_ROWS: usize = 40;
/// Waits of one task beyond this many are counted, not drawn.
const MAX_WAITS: usize = 8;
/// A space at which no line is broken.
const NO_BREAK: &str = "\u{a0}";

/// Draws a trace as text, `width` columns wide: a row for the loop, one for each
/// task with its polls and waits, one for each thread of a pool; then a summary.
///
/// The horizontal axis is loop time; if no time passes, it is the index of the
/// event.
///
/// ```
/// use loop_trace::{Ending, Entry, Event, ParkEndReason, TaskId, Trace, WaitTarget, timeline};
/// use std::time::Duration;
///
/// let (task, zero, second) = (TaskId::new(1), Duration::ZERO, Duration::from_secs(1));
/// let mut trace = Trace::default();
/// let mut record = |at, event| {
///     trace.events.push(Entry { at, thread: None, site: None, event });
/// };
/// record(zero, Event::TaskSpawn { task, name: "a".into(), parent: None, at: "a.rs:1:1".into() });
/// for timer in [1, 2] {
///     record(zero, Event::TimerAdd { timer, task, deadline: second });
///     record(zero, Event::Await { task, on: WaitTarget::Timer(timer) });
/// }
/// record(zero, Event::ParkStart { until: Some(second) });
/// record(second, Event::ParkEnd { reason: ParkEndReason::Timer });
/// record(second, Event::TaskEnd { task, how: Ending::Returned, text: None });
///
/// let picture = timeline(&trace, 80);
/// assert!(picture.contains("sleep 1 s"));
/// assert!(picture.contains("2 s of waiting took 1 s"));
/// ```
pub fn timeline(trace: &Trace, width: usize) -> String {
    let lanes = lanes(trace);
    let rows = rows(&lanes);
    let label = rows.iter().map(|row| row.label.chars().count()).max();
    let label = label.unwrap_or(0).clamp(4, MAX_LABEL);
    let width = width.max(MIN_WIDTH);
    let scale = Scale::new(&lanes, width - label - 2);
    let mut out = String::new();
    let mut line = |text: &str| {
        let text = clip(text.trim_end(), width);
        let _ = writeln!(out, "{text}");
    };
    line(&headline(trace, &lanes, width));
    line(&format!("{:label$}  {}", "", scale.ticks()));
    for row in &rows {
        let name = clip(&row.label, label);
        line(&format!("{name:label$}  {}", scale.draw(row)));
    }
    line("");
    line("│ █ polled   ▒ ready   ─ waits   · parked   ▄ on a thread");
    if let Some(overlap) = overlap(&lanes) {
        wrapped(&overlap, width).iter().for_each(|part| line(part));
    }
    let summary = summary(trace, &lanes);
    wrapped(&summary, width).iter().for_each(|part| line(part));
    out
}

/// Returns the program, cut to the width, and how long it took.
fn headline(trace: &Trace, lanes: &Lanes, width: usize) -> String {
    // An argument of several lines is common, and reads better with spaces.
    let args = trace.args.join(" ").replace(['\n', '\r', '\t'], " ");
    let args = printable(&args);
    let clock = if trace.virtual_time {
        " of virtual time"
    } else {
        ""
    };
    let time = short(lanes.end.at);
    let program = format!("{} {args}", printable(&trace.program));
    let took = format!(": {time}{clock}");
    let rest = width.saturating_sub(took.chars().count());
    clip(program.trim_end(), rest) + &took
}

/// A row of the drawing.
struct Row<'a> {
    label: String,
    spans: &'a [Span],
    /// Spans whose labels are written over `spans`: the waits of a task that has
    /// one lane of waits.
    labels: &'a [Span],
}

impl<'a> Row<'a> {
    fn new(label: String, lane: &'a Lane) -> Self {
        Row {
            label,
            spans: &lane.spans,
            labels: &[],
        }
    }

    fn text(label: String) -> Self {
        Row {
            label,
            spans: &[],
            labels: &[],
        }
    }
}

fn rows(lanes: &Lanes) -> Vec<Row<'_>> {
    let mut rows = vec![Row::new("loop".into(), &lanes.event_loop)];
    let mut left = 0;
    for task in &lanes.tasks {
        if rows.len() < MAX_ROWS {
            rows_of(task, &mut rows);
        } else {
            left += 1;
        }
    }
    if left > 0 {
        rows.push(Row::text(format!("… and {left} more tasks")));
    }
    let threads = lanes.threads.iter().take(MAX_ROWS);
    rows.extend(threads.map(|lane| Row::new(lane.label.clone(), lane)));
    rows
}

fn rows_of<'a>(task: &'a TaskLane, rows: &mut Vec<Row<'a>>) {
    let end = match task.ended {
        Some(Ending::Cancelled) => " (cancelled)",
        Some(Ending::Panicked) => " (panicked)",
        _ => "",
    };
    let mut row = Row::new(format!("{}{end}", task.own.label), &task.own);
    if let [only] = task.waits.as_slice() {
        row.labels = &only.spans;
        rows.push(row);
        return;
    }
    rows.push(row);
    for lane in task.waits.iter().take(MAX_WAITS) {
        rows.push(Row::new(format!("  waits {}", lane.label), lane));
    }
    if task.waits.len() > MAX_WAITS {
        let left = task.waits.len() - MAX_WAITS;
        rows.push(Row::text(format!("  … and {left} more waits")));
    }
}

/// The horizontal axis: moments to columns.
struct Scale {
    columns: usize,
    end: Moment,
    by_time: bool,
}

impl Scale {
    fn new(lanes: &Lanes, columns: usize) -> Self {
        Scale {
            columns,
            end: lanes.end,
            by_time: !lanes.end.at.is_zero(),
        }
    }

    fn column(&self, moment: Moment) -> usize {
        let (at, end) = match self.by_time {
            true => (moment.at.as_nanos(), self.end.at.as_nanos()),
            false => (moment.event as u128, self.end.event as u128),
        };
        let last = self.columns - 1;
        (at * last as u128 / end.max(1)) as usize
    }

    /// Returns a line with a few times, each above its column.
    fn ticks(&self) -> String {
        if !self.by_time {
            return "in the order of events; no time passes".into();
        }
        let step = nice_step(self.end.at / (self.columns / 14).max(1) as u32);
        let mut cells = vec![' '; self.columns];
        let mut time = Duration::ZERO;
        while time <= self.end.at {
            let moment = Moment { event: 0, at: time };
            let text = short(time);
            let text = if time.is_zero() { "0" } else { &text };
            let length = text.chars().count();
            // The last label must end within the drawing.
            let column = self.column(moment);
            let column = column.min(self.columns.saturating_sub(length));
            write_over(&mut cells, column, text);
            time += step;
        }
        cells.into_iter().collect()
    }

    fn draw(&self, row: &Row<'_>) -> String {
        let mut cells = vec![' '; self.columns];
        // Short spans are drawn last, so that long ones do not hide them.
        let order = [
            Activity::Waits,
            Activity::Parked,
            Activity::Job,
            Activity::Ready,
            Activity::Polled,
        ];
        for activity in order {
            let spans = row.spans.iter().filter(|span| span.activity == activity);
            spans.for_each(|span| self.fill(&mut cells, span));
            if activity == Activity::Waits {
                let labelled = row.labels.iter().chain(row.spans);
                labelled.for_each(|span| self.write_label(&mut cells, span));
                self.write_common_label(&mut cells, row.spans);
            }
        }
        cells.into_iter().collect()
    }

    fn fill(&self, cells: &mut [char], span: &Span) {
        let c = match span.activity {
            Activity::Ready => '▒',
            // A poll shorter than one column is a thin line, not a full block.
            Activity::Polled if self.column(span.from) == self.column(span.to) => '│',
            Activity::Polled => '█',
            Activity::Waits => '─',
            Activity::Parked => '·',
            Activity::Job => '▄',
        };
        let (from, to) = (self.column(span.from), self.column(span.to));
        cells[from..=to].fill(c);
        if span.activity == Activity::Parked {
            self.write_label(cells, span);
        }
    }

    /// Writes the label of a span into its middle, if it fits.
    fn write_label(&self, cells: &mut [char], span: &Span) {
        if !span.label.is_empty() && self.label_fits(span, &span.label) {
            self.write(cells, (span.from, span.to), &span.label);
        }
    }

    /// Writes one label for many short waits, if none is wide enough for its own.
    fn write_common_label(&self, cells: &mut [char], spans: &[Span]) {
        let waits = || spans.iter().filter(|span| span.activity == Activity::Waits);
        if waits().count() < 2 || waits().any(|span| self.label_fits(span, &span.label)) {
            return;
        }
        let first = &spans[0];
        let kind = first.label.split(' ').next().unwrap_or_default();
        let all = |is: &dyn Fn(&str) -> bool| waits().all(|span| is(&span.label));
        let name = match () {
            () if kind.is_empty() => return,
            () if all(&|label| label == first.label) => first.label.as_str(),
            () if all(&|label| label.split(' ').next() == Some(kind)) => kind,
            () => return,
        };
        let whole = Span {
            to: spans[spans.len() - 1].to,
            ..first.clone()
        };
        let text = format!("{} × {name}", waits().count());
        if self.label_fits(&whole, &text) {
            self.write(cells, (whole.from, whole.to), &text);
        }
    }

    fn label_fits(&self, span: &Span, text: &str) -> bool {
        self.column(span.to) >= self.column(span.from) + text.chars().count() + 4
    }

    fn write(&self, cells: &mut [char], (from, to): (Moment, Moment), text: &str) {
        let (from, to) = (self.column(from), self.column(to));
        let column = from + (to - from + 1 - text.chars().count()) / 2;
        write_over(cells, column - 1, &format!(" {text} "));
    }
}

fn write_over(cells: &mut [char], column: usize, text: &str) {
    for (cell, c) in cells.iter_mut().skip(column).zip(text.chars()) {
        *cell = c;
    }
}

/// Returns the first of 1, 2, 5, 10, 20, … nanoseconds that is long enough.
fn nice_step(least: Duration) -> Duration {
    let mut step = Duration::from_nanos(1);
    loop {
        for factor in [1, 2, 5] {
            if step * factor >= least {
                return step * factor;
            }
        }
        step *= 10;
    }
}

/// Compares the sum of the waits with the time that passed, if waits overlap.
fn overlap(lanes: &Lanes) -> Option<String> {
    let waits = lanes.tasks.iter().flat_map(|task| &task.waits);
    let waits: Vec<_> = waits.flat_map(|lane| &lane.spans).collect();
    // A wait for a task would count the waits of that task twice. A time limit
    // that was not reached is not a wait.
    let own = waits.iter();
    let own = own.filter(|wait| !wait.label.starts_with("join ") && !wait.given_up);
    let sum: Duration = own.map(|wait| wait.duration()).sum();
    let took = lanes.end.at;
    (sum > took + took / 10).then(|| {
        format!(
            "{} of waiting took {}: the waits overlap, because the loop does not stand still for \
             any of them.",
            short(sum).replace(' ', NO_BREAK),
            short(took).replace(' ', NO_BREAK)
        )
    })
}

fn summary(trace: &Trace, lanes: &Lanes) -> String {
    let count = |is: fn(&Event) -> bool| trace.events.iter().filter(|e| is(&e.event)).count();
    let turns = count(|event| matches!(event, Event::Turn { .. }));
    let wakes = count(|event| matches!(event, Event::Wake { .. }));
    let idle_wakes = lanes.tasks.iter().flat_map(|task| &task.wakes);
    let idle_wakes = idle_wakes
        .filter(|wake| wake.outcome != WakeOutcome::Queued)
        .count();
    let polls = lanes.tasks.iter().flat_map(|task| &task.own.spans);
    let polls: Vec<_> = polls
        .filter(|span| span.activity == Activity::Polled)
        .collect();
    let longest = polls.iter().map(|span| span.duration()).max();
    let longest = short(longest.unwrap_or_default()).replace(' ', NO_BREAK);
    let parked: Duration = lanes.event_loop.spans.iter().map(Span::duration).sum();
    let idle = match lanes.end.at.as_nanos() {
        0 => 0,
        all => (parked.as_nanos() * 100 + all / 2) / all,
    };
    let mut text = format!(
        "{}, {}, {}",
        counted(turns, "turn"),
        counted(polls.len(), "poll"),
        counted(wakes, "wake")
    );
    if idle_wakes > 0 {
        let _ = write!(text, " ({idle_wakes} of a task that was ready already)");
    }
    let _ = write!(text, ", longest poll {longest}, idle {idle}% of the time.");
    if trace.dropped > 0 {
        let _ = write!(text, " {} events are missing at the end.", trace.dropped);
    }
    text
}

fn counted(n: usize, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {what}{plural}")
}

/// Cuts a text to a width.
fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Breaks a text into lines at its spaces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("lines is never empty");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let lines = lines.into_iter();
    lines.map(|line| line.replace(NO_BREAK, " ")).collect()
}
