//! Recordings that the environment asks for: a trace file, a timeline on stderr.
//!
//! **Invariant:** a trace that cannot be written is reported, and has no other
//! effect on the program.
//!
//! Created by `attach`.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::environment;
use super::instrument::{Event, EventRecord, Instrument, Trace, timeline};
use super::tracer::Tracer;
use crate::base::error::report;

/// The number of loops that are recorded, so that a program that makes a loop
/// for each call does not fill the directory.
const MAX_LOOPS: u32 = 100;

/// The width if stderr is not a terminal, or its width is not known.
const DEFAULT_WIDTH: usize = 80;

/// Records a loop, and writes the requested outputs when the loop has ended.
pub(super) struct Recording {
    tracer: Tracer,
    file: Option<PathBuf>,
    timeline: bool,
}

impl Recording {
    /// Creates a recording for a new loop, if the environment asks for one.
    pub(super) fn if_requested() -> Option<Self> {
        static LOOPS: AtomicU32 = AtomicU32::new(1);
        let file = environment::get().trace.as_deref();
        let timeline = environment::wants_timeline();
        if file.is_none() && !timeline {
            return None;
        }
        let number = LOOPS.fetch_add(1, Ordering::Relaxed);
        if number == MAX_LOOPS + 1 {
            report(format_args!(
                "this program has run more than {MAX_LOOPS} loops; later loops are not recorded"
            ));
        }
        (number <= MAX_LOOPS).then(|| Recording {
            tracer: Tracer::new(),
            file: file.map(|file| numbered(file, number)),
            timeline,
        })
    }
}

impl Instrument for Recording {
    fn event(&mut self, at: Duration, event: &Event) {
        self.tracer.event(at, event);
    }

    fn record(&mut self, record: &EventRecord<'_>) {
        self.tracer.record(record);
        if *record.event() != Event::LoopClosed {
            return;
        }
        self.tracer.with_trace(|trace| {
            if let Some(file) = &self.file {
                write(trace, file);
            }
            if self.timeline {
                print(trace);
            }
        });
    }
}

fn write(trace: &Trace, file: &Path) {
    let is_for_perfetto = file.to_string_lossy().ends_with(".perfetto.json");
    let text = match is_for_perfetto {
        true => trace.to_perfetto(),
        false => trace.to_json(),
    };
    if let Err(error) = std::fs::write(file, text) {
        report(format_args!(
            "EXECUTOR_TRACE: {} could not be written: {error}",
            file.display()
        ));
    }
}

fn print(trace: &Trace) {
    let mut picture = timeline(trace, width());
    if io::stderr().is_terminal() && environment::variable("NO_COLOR").is_none() {
        picture = coloured(&picture);
    }
    // In one write, so that it is not mixed with other output. A closed stderr
    // cannot be reported.
    let _ = io::stderr().write_all(format!("\n{picture}").as_bytes());
}

/// Returns `trace.json` for the first loop, `trace.2.json` for the second.
fn numbered(file: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return file.to_owned();
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let (stem, ending) = name.split_once('.').unwrap_or((&name, "json"));
    file.with_file_name(format!("{stem}.{number}.{ending}"))
}

/// Returns the width of a timeline: `COLUMNS`, or the width of the terminal.
fn width() -> usize {
    let columns =
        environment::variable("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
    let columns = columns.filter(|columns| *columns > 0);
    let width = columns.or_else(terminal_width);
    width.unwrap_or(DEFAULT_WIDTH).min(400)
}

#[cfg(target_os = "linux")]
fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col.into())
}

#[cfg(not(target_os = "linux"))]
fn terminal_width() -> Option<usize> {
    None
}

/// Colours a timeline: polls are green, ready tasks yellow, waits and parks dim.
fn coloured(picture: &str) -> String {
    let colour = |c| match c {
        '█' | '│' => "32",
        '▒' => "33",
        '▄' => "36",
        '─' | '·' => "2",
        _ => "0",
    };
    let mut out = String::new();
    let mut last = "0";
    for c in picture.chars() {
        let next = colour(c);
        if next != last {
            out.push_str("\x1b[0m");
            if next != "0" {
                out.push_str(&format!("\x1b[{next}m"));
            }
            last = next;
        }
        out.push(c);
    }
    out
}
