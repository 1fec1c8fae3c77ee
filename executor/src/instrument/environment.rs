//! Recording a program that does not know of it: `EXECUTOR_TRACE` and
//! `EXECUTOR_TIMELINE`.
//!
//! **Invariant:** what cannot be written is reported, and the program goes on
//! as if nobody had asked.
//!
//! Called by `run` and `runner` for each new loop.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Event, Instrument, Note, Trace, Tracer};
use crate::error::report;
use crate::runtime::Runtime;

/// A program that makes a loop for each call would fill the folder.
const MOST_FILES: u32 = 100;

struct Asked {
    trace: Option<PathBuf>,
    timeline: bool,
}

/// What the environment asks for. Looked at once per process: a look costs
/// more than a whole empty run.
fn asked() -> Option<&'static Asked> {
    static ASKED: OnceLock<Option<Asked>> = OnceLock::new();
    let asked = ASKED.get_or_init(|| {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let trace = set("EXECUTOR_TRACE").map(PathBuf::from);
        let timeline = set("EXECUTOR_TIMELINE").is_some_and(|value| value != "0");
        (trace.is_some() || timeline).then_some(Asked { trace, timeline })
    });
    asked.as_ref()
}

/// Watches a loop that is about to begin, if the environment asks for it.
#[inline]
pub(crate) fn watch_as_asked(runtime: &Runtime) {
    if let Some(asked) = asked() {
        watch(runtime, asked);
    }
}

#[cold]
fn watch(runtime: &Runtime, asked: &'static Asked) {
    static LOOPS: AtomicU32 = AtomicU32::new(1);
    let number = LOOPS.fetch_add(1, Ordering::Relaxed);
    if number > MOST_FILES {
        if number == MOST_FILES + 1 {
            report(format_args!(
                "EXECUTOR_TRACE: this program has run more than {MOST_FILES} loops; those that \
                 come now are not recorded"
            ));
        }
        return;
    }
    let mut tracer = Tracer::new();
    runtime.listen(Box::new(move |note: &Note<'_>| {
        tracer.note(note);
        if *note.event() == Event::LoopClosed {
            tracer.with_trace(|trace| hand_over(trace, asked, number));
        }
    }));
}

/// The loop has ended: writes and prints what was asked for.
fn hand_over(trace: &Trace, asked: &Asked, number: u32) {
    if let Some(file) = &asked.trace {
        let file = numbered(file, number);
        let text = trace.to_json();
        if let Err(error) = std::fs::write(&file, text) {
            report(format_args!(
                "EXECUTOR_TRACE: {} could not be written: {error}",
                file.display()
            ));
        }
    }
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
