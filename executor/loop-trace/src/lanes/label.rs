//! Short labels for times and source lines.
//!
//! **Invariant:** a label of a time has at most two digits after the point.
//!
//! Called by `lanes` and the drawings.

use std::time::Duration;

/// Returns `main.rs:12` for `src/main.rs:12:5`.
pub(super) fn file_and_line(site: &str) -> String {
    let last = site.rsplit(['/', '\\']).next().unwrap_or(site);
    let mut parts = last.split(':');
    let file = parts.next().unwrap_or_default();
    let line = parts.next().unwrap_or_default();
    format!("{file}:{line}")
}

/// Returns a time with its unit: `1.25 ms`.
pub(crate) fn short(time: Duration) -> String {
    let nanos = time.as_nanos();
    let units = [
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "µs"),
        (1, "ns"),
    ];
    let unit = units.iter().find(|(size, _)| nanos >= *size);
    let (size, name) = unit.copied().unwrap_or((1, "s"));
    let hundredths = (nanos * 100 + size / 2) / size;
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match rest {
        _ if whole >= 100 || rest == 0 => format!("{whole} {name}"),
        _ if rest % 10 == 0 || whole >= 10 => format!("{whole}.{} {name}", rest / 10),
        _ => format!("{whole}.{rest:02} {name}"),
    }
}
