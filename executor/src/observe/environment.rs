//! Environment variables of the observers.
//!
//! **Invariant:** the environment is read once per process, because one read
//! takes longer than a whole empty run.
//!
//! Called by `attach` and `recording`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

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
    let is_on = |name: &str| variable(name).is_some_and(|value| value != "0");
    ENVIRONMENT.get_or_init(|| Environment {
        debug: std::env::var_os("EXECUTOR_DEBUG").is_some_and(|value| value != "0"),
        ps: std::env::var_os("EXECUTOR_PS").is_some_and(|value| value != "0"),
        trace: variable("EXECUTOR_TRACE").map(PathBuf::from),
        timeline: is_on("EXECUTOR_TIMELINE"),
    })
}

/// Returns whether the environment or the program asks for a timeline.
pub(super) fn wants_timeline() -> bool {
    get().timeline || REQUESTED.load(Ordering::Relaxed) == TIMELINE
}

/// Returns a variable, unless it is empty.
pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
