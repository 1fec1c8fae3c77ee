//! Numbers and table heads, the same in every section of the page.

use std::fmt::{self, Formatter};

use crate::stats::Middle;

/// The text of a section whose pass has kept no result.
pub(super) const NOT_MEASURED: &str = "Not measured in this run.";

/// Returns a number with three significant digits.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Returns a median with its interval in brackets.
pub(super) fn interval(value: Middle) -> String {
    let Middle { low, median, high } = value;
    format!("{} [{} {}]", number(median), number(low), number(high))
}

/// Writes the head of a table: the first columns as they are given, then one
/// for each name.
pub(super) fn write_head(
    f: &mut Formatter<'_>,
    (columns, alignments): (&str, &str),
    names: &[&str],
) -> fmt::Result {
    write!(f, "{columns}")?;
    names.iter().try_for_each(|name| write!(f, " {name} |"))?;
    write!(f, "\n{alignments}")?;
    names.iter().try_for_each(|_| write!(f, "--:|"))?;
    writeln!(f)
}
