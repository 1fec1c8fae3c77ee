//! Recording a program that does not know of it: `EXECUTOR_TRACE` and
//! `EXECUTOR_TIMELINE`.
//!
//! **Invariant:** what cannot be written is reported, and the program goes on
//! as if nobody had asked.
//!
//! Called by `run` and `runner` for each new loop.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use super::{Event, Instrument, Note, Trace, Tracer, timeline};
use crate::error::report;
use crate::runtime::Runtime;

/// A program that makes a loop for each call would fill the folder.
const MOST_LOOPS: u32 = 100;

/// Where stderr is no terminal, and for terminals that do not say.
const USUAL_WIDTH: usize = 80;

/// What is asked for, as far as it is known: looking at the environment costs
/// more than a whole empty run.
static ASKED: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const NOTHING: u8 = 1;
const SOMETHING: u8 = 2;
/// The program itself asks for a timeline.
const TIMELINE: u8 = 3;

/// From now on each loop that begins prints its [`timeline`] to stderr when it
/// has ended, as with `EXECUTOR_TIMELINE=1`: for a program's `--timeline`.
///
/// ```
/// # fn is_asked_for() -> bool { false }
/// if is_asked_for() {
///     executor::instrument::print_timelines();
/// }
/// executor::run(async {});
/// ```
pub fn print_timelines() {
    ASKED.store(TIMELINE, Ordering::Relaxed);
}

/// Watches a loop that is about to begin, if the environment asks for it.
#[inline]
pub(crate) fn watch_as_asked(runtime: &Runtime) {
    if ASKED.load(Ordering::Relaxed) != NOTHING {
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
    let timeline = wanted || ASKED.load(Ordering::Relaxed) == TIMELINE;
    if file.is_none() && !timeline {
        ASKED.store(NOTHING, Ordering::Relaxed);
        return;
    }
    let _ = ASKED.compare_exchange(UNKNOWN, SOMETHING, Ordering::Relaxed, Ordering::Relaxed);
    let number = LOOPS.fetch_add(1, Ordering::Relaxed);
    if number > MOST_LOOPS {
        if number == MOST_LOOPS + 1 {
            report(format_args!(
                "this program has run more than {MOST_LOOPS} loops; those that come now are not \
                 recorded"
            ));
        }
        return;
    }
    let file = file.map(|file| numbered(&file, number));
    let mut tracer = Tracer::new();
    runtime.watch_with(Box::new(move |note: &Note<'_>| {
        tracer.note(note);
        if *note.event() != Event::LoopClosed {
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
    // In one piece; and if nobody reads stderr, there is nobody to tell that.
    let _ = io::stderr().write_all(format!("\n{picture}").as_bytes());
}

/// The first loop's trace goes to `trace.json`, the second's to
/// `trace.2.json`.
fn numbered(file: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return file.to_owned();
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let (stem, ending) = name.split_once('.').unwrap_or((&name, "json"));
    file.with_file_name(format!("{stem}.{number}.{ending}"))
}

/// How wide the terminal is.
fn width() -> usize {
    let columns = set("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
    let columns = columns.filter(|columns| *columns > 0);
    let width = columns.or_else(terminal_width);
    width.unwrap_or(USUAL_WIDTH).min(400)
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

/// The picture in colour: what works is green, what is ready yellow, what only
/// passes the time is dim.
fn coloured(picture: &str) -> String {
    let colour = |letter| match letter {
        '█' | '│' => "32",
        '▒' => "33",
        '▄' => "36",
        '─' | '·' => "2",
        _ => "0",
    };
    let mut out = String::new();
    let mut last = "0";
    for letter in picture.chars() {
        let next = colour(letter);
        if next != last {
            out.push_str("\x1b[0m");
            if next != "0" {
                out.push_str(&format!("\x1b[{next}m"));
            }
            last = next;
        }
        out.push(letter);
    }
    out
}
