//! Environment variables of the observers.
//!
//! **Invariant:** the environment is read once per process, because one read
//! takes longer than a whole empty run. A variable that is empty or `0` is as
//! one that is not set; an unusual value is reported once.
//!
//! Called by `attach` and `recording`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::base::error::report;

/// What the environment asks for.
pub(super) struct Environment {
    /// Whether `EXECUTOR_DEBUG` is on.
    pub(super) debug: bool,
    /// Whether `EXECUTOR_PS` is on.
    pub(super) ps: bool,
    /// The file that `EXECUTOR_TRACE` names.
    pub(super) trace: Option<PathBuf>,
    /// Whether `EXECUTOR_TIMELINE` is on.
    timeline: bool,
}

/// What the environment and the program ask for: one of the values below.
static REQUESTED: AtomicU8 = AtomicU8::new(UNKNOWN);
/// The environment was not read yet.
const UNKNOWN: u8 = 0;
const NOTHING: u8 = 1;
const SOMETHING: u8 = 2;
/// The program called [`print_timelines`].
const TIMELINE: u8 = 3;

/// Makes each loop that begins from now on print its
/// [`timeline`](super::instrument::timeline) to stderr when it has ended, as with
/// `EXECUTOR_TIMELINE=1`: for a program's `--timeline`.
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

/// Returns whether the environment, or the program, asks for nothing.
#[inline]
pub(super) fn is_silent() -> bool {
    match REQUESTED.load(Ordering::Relaxed) {
        NOTHING => true,
        UNKNOWN => read_is_silent(),
        _ => false,
    }
}

#[cold]
fn read_is_silent() -> bool {
    let Environment {
        debug,
        ps,
        trace,
        timeline,
    } = get();
    let silent = !debug && !ps && !timeline && trace.is_none();
    let requested = if silent { NOTHING } else { SOMETHING };
    let _ = REQUESTED.compare_exchange(UNKNOWN, requested, Ordering::Relaxed, Ordering::Relaxed);
    silent
}

/// Returns what the environment asks for.
pub(super) fn get() -> &'static Environment {
    static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| Environment {
        debug: switch("EXECUTOR_DEBUG"),
        ps: switch("EXECUTOR_PS"),
        trace: file("EXECUTOR_TRACE"),
        timeline: switch("EXECUTOR_TIMELINE"),
    })
}

/// Returns whether a switch is on. Any other value than `0` or `1` turns it on,
/// as in asyncio, and is reported.
fn switch(name: &str) -> bool {
    let Some(value) = set_variable(name) else {
        return false;
    };
    if value != "1" {
        report(format_args!(
            "{name} is {value:?} and counts as 1: set it to 1 for on, to 0 for off"
        ));
    }
    true
}

/// Returns the file that a variable names. A `1` was meant for a switch: it is
/// reported, and no file is written.
fn file(name: &str) -> Option<PathBuf> {
    let value = set_variable(name)?;
    if value == "1" {
        report(format_args!(
            "{name} is \"1\" and has no effect: set it to the name of a file"
        ));
        return None;
    }
    Some(value.into())
}

/// Returns a variable of the observers, unless it is empty or `0`.
fn set_variable(name: &str) -> Option<OsString> {
    variable(name).filter(|value| value != "0")
}

/// Returns whether the environment or the program asks for a timeline.
pub(super) fn wants_timeline() -> bool {
    get().timeline || REQUESTED.load(Ordering::Relaxed) == TIMELINE
}

/// Returns a variable, unless it is empty.
pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
