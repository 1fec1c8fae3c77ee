//! Recording on request of the environment: `EXECUTOR_TRACE` and
//! `EXECUTOR_TIMELINE`.
//!
//! **Invariant:** a trace that cannot be written is reported, and has no other
//! effect on the program.
//!
//! Called by `run` and `runner` for each new loop.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use super::{Event, EventRecord, Instrument, Trace, Tracer, timeline};
use crate::error::report;
use crate::runtime::Runtime;

/// A program that makes a loop for each call must not fill the folder.
const MAX_LOOPS: u32 = 100;

/// The width if stderr is not a terminal, or does not tell its width.
const DEFAULT_WIDTH: usize = 80;

/// The cached request: reading the environment costs more than an empty run.
static REQUESTED: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const NOTHING: u8 = 1;
const SOMETHING: u8 = 2;
/// The program itself requested a timeline.
const TIMELINE: u8 = 3;

/// Makes each loop that begins from now on print its [`timeline`] to stderr when
/// it has ended, as with `EXECUTOR_TIMELINE=1`: for a program's `--timeline`.
///
/// ```
/// # fn wants_timeline() -> bool { false }
/// if wants_timeline() {
///     executor::instrument::print_timelines();
/// }
/// executor::run(async {});
/// ```
pub fn print_timelines() {
    REQUESTED.store(TIMELINE, Ordering::Relaxed);
}

/// Records a loop that is about to begin, if the environment asks for it.
#[inline]
pub(crate) fn watch_as_asked(runtime: &Runtime) {
    if REQUESTED.load(Ordering::Relaxed) != NOTHING {
        watch(runtime);
    }
}

fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

#[cold]
fn watch(runtime: &Runtime) {
    static LOOPS: AtomicU32 = AtomicU32::new(1);
    let file = set("EXECUTOR_TRACE").map(PathBuf::from);
    let wanted = set("EXECUTOR_TIMELINE").is_some_and(|value| value != "0");
    let timeline = wanted || REQUESTED.load(Ordering::Relaxed) == TIMELINE;
    if file.is_none() && !timeline {
        REQUESTED.store(NOTHING, Ordering::Relaxed);
        return;
    }
    let _ = REQUESTED.compare_exchange(UNKNOWN, SOMETHING, Ordering::Relaxed, Ordering::Relaxed);
    let number = LOOPS.fetch_add(1, Ordering::Relaxed);
    if number > MAX_LOOPS {
        if number == MAX_LOOPS + 1 {
            report(format_args!(
                "this program has run more than {MAX_LOOPS} loops; later loops are not recorded"
            ));
        }
        return;
    }
    let file = file.map(|file| numbered(&file, number));
    let mut tracer = Tracer::new();
    runtime.watch_with(Box::new(move |record: &EventRecord<'_>| {
        tracer.record(record);
        if *record.event() != Event::LoopClosed {
            return;
        }
        tracer.with_trace(|trace| {
            if let Some(file) = &file {
                write(trace, file);
            }
            if timeline {
                print(trace);
            }
        });
    }));
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
    if io::stderr().is_terminal() && set("NO_COLOR").is_none() {
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

/// Returns the width of the terminal.
fn width() -> usize {
    let columns = set("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
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
