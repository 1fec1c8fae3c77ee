//! A trace as a picture of letters, for a terminal.
//!
//! **Invariant:** no line is wider than asked for, and what does not fit is
//! counted, not left out in silence.

use std::fmt::Write;
use std::time::Duration;

use super::lanes::{Doing, Lane, Lanes, Moment, Span, TaskLane, lanes, short};
use super::{Effect, Ending, Event, Trace};

/// A terminal is narrower than this only by accident.
const NARROWEST: usize = 40;
/// The names of tasks get no more than this.
const WIDEST_LABEL: usize = 26;
/// One screen: more rows than this are counted instead of drawn.
const MOST_ROWS: usize = 40;
/// The same for the waits of one task.
const MOST_WAITS: usize = 8;
/// A blank at which no line ends.
const UNBROKEN: &str = "\u{a0}";

/// Draws a trace with letters, `width` columns wide: a lane for each task with
/// its polls and waits, one for what the loop does, one for each thread of a
/// pool; then what it comes to.
///
/// Loop time goes from left to right; where no time passes at all, events do.
///
/// ```
/// use executor::instrument::{Tracer, timeline};
/// use executor::{Runner, gather, sleep};
/// use std::time::Duration;
///
/// let tracer = Tracer::new();
/// let mut runner = Runner::builder().virtual_time().instrument(tracer.clone()).build();
/// runner.run(gather([1, 2].map(|s| sleep(Duration::from_secs(s)))));
/// drop(runner);
/// let picture = timeline(&tracer.trace(), 80);
/// assert!(picture.contains("sleep 2 s"));
/// assert!(picture.contains("3 s of waiting took 2 s"));
/// ```
pub fn timeline(trace: &Trace, width: usize) -> String {
    let lanes = lanes(trace);
    let rows = rows(&lanes);
    let label = rows.iter().map(|row| row.label.chars().count()).max();
    let label = label.unwrap_or(0).clamp(4, WIDEST_LABEL);
    let width = width.max(NARROWEST);
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
    if let Some(lesson) = lesson(&lanes) {
        wrapped(&lesson, width).iter().for_each(|part| line(part));
    }
    let summary = summary(trace, &lanes);
    wrapped(&summary, width).iter().for_each(|part| line(part));
    out
}

/// The program, as much of it as there is room for, and how long it took.
fn headline(trace: &Trace, lanes: &Lanes, width: usize) -> String {
    let args = trace.args.join(" ");
    let clock = if trace.virtual_time {
        " of virtual time"
    } else {
        ""
    };
    let time = short(lanes.end.at);
    let program = format!("{} {args}", trace.program);
    let took = format!(": {time}{clock}");
    let room = width.saturating_sub(took.chars().count());
    clip(program.trim_end(), room) + &took
}

/// A row to be drawn.
struct Row<'a> {
    label: String,
    spans: &'a [Span],
    /// Drawn over the first: for a task with one wait at a time.
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
    let mut rows = vec![Row::new("loop".into(), &lanes.the_loop)];
    let mut left = 0;
    for task in &lanes.tasks {
        if rows.len() < MOST_ROWS {
            rows_of(task, &mut rows);
        } else {
            left += 1;
        }
    }
    if left > 0 {
        rows.push(Row::text(format!("… and {left} more tasks")));
    }
    let threads = lanes.threads.iter().take(MOST_ROWS);
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
    for lane in task.waits.iter().take(MOST_WAITS) {
        rows.push(Row::new(format!("  waits {}", lane.label), lane));
    }
    if task.waits.len() > MOST_WAITS {
        let left = task.waits.len() - MOST_WAITS;
        rows.push(Row::text(format!("  … and {left} more waits")));
    }
}

/// From moments to columns.
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
        let (here, end) = match self.by_time {
            true => (moment.at.as_nanos(), self.end.at.as_nanos()),
            false => (moment.event as u128, self.end.event as u128),
        };
        let last = self.columns - 1;
        (here * last as u128 / end.max(1)) as usize
    }

    /// A few times, each above its column.
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
            let place = self.column(moment);
            let length = text.chars().count();
            // The last one ends where the picture ends.
            let place = place.min(self.columns.saturating_sub(length));
            write_over(&mut cells, place, text);
            time += step;
        }
        cells.into_iter().collect()
    }

    fn draw(&self, row: &Row<'_>) -> String {
        let mut cells = vec![' '; self.columns];
        // What is short is drawn last, so that long things do not hide it.
        let order = [
            Doing::Waits,
            Doing::Parked,
            Doing::Job,
            Doing::Ready,
            Doing::Polled,
        ];
        for doing in order {
            let spans = row.spans.iter().filter(|span| span.doing == doing);
            spans.for_each(|span| self.fill(&mut cells, span));
            if doing == Doing::Waits {
                let named = row.labels.iter().chain(row.spans);
                named.for_each(|span| self.name(&mut cells, span));
                self.name_together(&mut cells, row.spans);
            }
        }
        cells.into_iter().collect()
    }

    fn fill(&self, cells: &mut [char], span: &Span) {
        let letter = match span.doing {
            Doing::Ready => '▒',
            // A poll that is shorter than a letter must not look like one.
            Doing::Polled if self.column(span.from) == self.column(span.to) => '│',
            Doing::Polled => '█',
            Doing::Waits => '─',
            Doing::Parked => '·',
            Doing::Job => '▄',
        };
        let (from, to) = (self.column(span.from), self.column(span.to));
        cells[from..=to].fill(letter);
        if span.doing == Doing::Parked {
            self.name(cells, span);
        }
    }

    /// Writes what a span is about into its middle, if it has room.
    fn name(&self, cells: &mut [char], span: &Span) {
        if !span.label.is_empty() && self.has_room(span, &span.label) {
            self.write(cells, (span.from, span.to), &span.label);
        }
    }

    /// Many short waits, none of which has room for its name, get one in common.
    fn name_together(&self, cells: &mut [char], spans: &[Span]) {
        let waits = || spans.iter().filter(|span| span.doing == Doing::Waits);
        if waits().count() < 2 || waits().any(|span| self.has_room(span, &span.label)) {
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
        if self.has_room(&whole, &text) {
            self.write(cells, (whole.from, whole.to), &text);
        }
    }

    fn has_room(&self, span: &Span, text: &str) -> bool {
        self.column(span.to) >= self.column(span.from) + text.chars().count() + 4
    }

    fn write(&self, cells: &mut [char], (from, to): (Moment, Moment), text: &str) {
        let (from, to) = (self.column(from), self.column(to));
        let place = from + (to - from + 1 - text.chars().count()) / 2;
        write_over(cells, place - 1, &format!(" {text} "));
    }
}

fn write_over(cells: &mut [char], place: usize, text: &str) {
    for (cell, letter) in cells.iter_mut().skip(place).zip(text.chars()) {
        *cell = letter;
    }
}

/// The next of 1, 2, 5, 10, 20, … nanoseconds.
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

/// What the waits come to, if some of them overlap: the point of it all.
fn lesson(lanes: &Lanes) -> Option<String> {
    let waits = lanes.tasks.iter().flat_map(|task| &task.waits);
    let waits: Vec<_> = waits.flat_map(|lane| &lane.spans).collect();
    // Who awaits a task waits for what that waits for, and a time limit that
    // was not reached is nobody's wait: not counted twice.
    let own = waits.iter();
    let own = own.filter(|wait| !wait.label.starts_with("join ") && !wait.given_up);
    let sum: Duration = own.map(|wait| wait.lasts()).sum();
    let took = lanes.end.at;
    (sum > took + took / 10).then(|| {
        format!(
            "{} of waiting took {}: the waits overlap, because the loop does not stand still for \
             any of them.",
            short(sum).replace(' ', UNBROKEN),
            short(took).replace(' ', UNBROKEN)
        )
    })
}

fn summary(trace: &Trace, lanes: &Lanes) -> String {
    let count = |is: fn(&Event) -> bool| trace.events.iter().filter(|e| is(&e.event)).count();
    let turns = count(|event| matches!(event, Event::Turn { .. }));
    let wakes = count(|event| matches!(event, Event::Wake { .. }));
    let idle_wakes = lanes.tasks.iter().flat_map(|task| &task.wakes);
    let idle_wakes = idle_wakes
        .filter(|wake| wake.effect != Effect::Queued)
        .count();
    let polls = lanes.tasks.iter().flat_map(|task| &task.own.spans);
    let polls: Vec<_> = polls.filter(|span| span.doing == Doing::Polled).collect();
    let longest = polls.iter().map(|span| span.lasts()).max();
    let longest = short(longest.unwrap_or_default()).replace(' ', UNBROKEN);
    let parked: Duration = lanes.the_loop.spans.iter().map(Span::lasts).sum();
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

/// As much of a text as there is room for.
fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Lines of whole words; a number and its unit stay together.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is one");
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
    lines.map(|line| line.replace(UNBROKEN, " ")).collect()
}
