//! How much is measured: all of it, or just enough to see that everything works.
//!
//! With the variable `BENCHES_TRY` set, every pass is cut short and its results
//! are kept apart. Their numbers say nothing.

use std::env;
use std::ffi::OsStr;
use std::time::Duration;

/// The variable that cuts everything short.
pub const TRY: &str = "BENCHES_TRY";

/// Whether this is only a try.
pub fn is_try() -> bool {
    env::var_os(TRY).is_some_and(|value| value != OsStr::new("0"))
}

/// So many turns, or one.
pub(crate) fn rounds(all: usize) -> usize {
    if is_try() { 1 } else { all }
}

/// So long, or a tenth of it.
pub fn time(all: Duration) -> Duration {
    if is_try() { all / 10 } else { all }
}
