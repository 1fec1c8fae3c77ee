//! A thousand answers at once, in the units in which people think of them.

use std::fmt::{self, Formatter};

use super::format::{NOT_MEASURED, interval};
use super::kept::Llm;
use crate::stats::Middle;

/// A line of the table: what it says, which measure it is, and how to get from
/// nanoseconds for a token (bytes for a stream) to its unit.
type Line = (&'static str, &'static str, fn(f64) -> f64);

const LINES: [Line; 6] = [
    ("tokens a second", "wall", |nanos| 1e9 / nanos),
    ("whole run, s", "wall", |nanos| nanos * TOKENS / 1e9),
    ("client's CPU for a token, µs", "cpu", |nanos| nanos / 1e3),
    ("client's memory for a stream, KiB", "memory", |bytes| {
        bytes / 1024.0
    }),
    (
        "a token's lateness, half of them, µs",
        "late_p50",
        |nanos| nanos / 1e3,
    ),
    ("a token's lateness, 99 of 100, µs", "late_p99", |nanos| {
        nanos / 1e3
    }),
];

/// In a turn: 1,000 streams of 80.
const TOKENS: f64 = 80_000.0;

pub(super) fn write(measured: &[Llm], f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "## A thousand answers of a language model at once\n")?;
    if measured.is_empty() {
        return writeln!(f, "{NOT_MEASURED}\n");
    }
    writeln!(
        f,
        "1,000 streams of 80 tokens from the program `serve`, which is a process of its own and has one thread, as each client has. \
         The executor's client is `llm-demo`'s with `run_jobs`, the other the same on tokio. \
         Paced, there is a token every 50 ms on each stream; flat out, as soon as the server can. \
         In brackets stand the second and the eighth of nine turns.\n"
    )?;
    writeln!(f, "| setting | | executor | tokio |\n|---|---|--:|--:|")?;
    for setting in ["paced", "flat out"] {
        for (label, measure, unit) in LINES {
            let cell = |name: &str| {
                let is_it = |one: &&Llm| {
                    one.setting == setting && one.measure == measure && one.name == name
                };
                let found = measured.iter().find(is_it);
                found.map_or(String::new(), |one| shown(one.value, unit))
            };
            let (executor, tokio) = (cell("executor"), cell("tokio"));
            writeln!(f, "| {setting} | {label} | {executor} | {tokio} |")?;
        }
    }
    writeln!(
        f,
        "\nA token's lateness is the time from the end of the server's wait before it until the client has it in hand as text. \
         Flat out there is no wait, and it is the length of the queue.\n"
    )
}

/// Returns the value in another unit. The unit may turn the order around, as
/// tokens a second do.
fn shown(value: Middle, unit: fn(f64) -> f64) -> String {
    let (low, high) = (unit(value.low), unit(value.high));
    interval(Middle {
        low: low.min(high),
        median: unit(value.median),
        high: low.max(high),
    })
}
