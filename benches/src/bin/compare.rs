//! Compares two builds of the executor, round by round.
//!
//! What a change costs, or a feature that is off, is a few nanoseconds; from
//! one run to the next a machine differs by more. So both builds take turns
//! here, in processes of their own, and what counts is the ratio of neighbours.
//!
//! ```text
//! cargo build --release -p benches --bin count --bin compare
//! RUSTFLAGS="--cfg executor_unwatched" \
//!     cargo build --release -p benches --bin count --target-dir target/unwatched
//! target/release/compare target/release/count target/unwatched/release/count yield/ spawn/
//! ```
//!
//! Any two builds of `count` will do: for a change, build one before it.

use std::env;
use std::process::{Command, ExitCode};

use benches::groups;
use benches::row::Row;
use benches::stats::Middle;

/// Odd, so that the median is one of the rounds.
const ROUNDS: usize = 15;

/// How many nanoseconds one turn of one build takes at least.
const SHARE: f64 = 100e6;

/// The groups in which nothing but the loop itself is at work.
const GROUPS: [&str; 7] = [
    "lifecycle/",
    "spawn/",
    "yield/",
    "channel/",
    "gather/",
    "sync/",
    "timers/",
];

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match compare(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("compare: {problem}\nusage: compare COUNT COUNT [PART OF A ROW'S NAME ..]");
            ExitCode::from(2)
        }
    }
}

fn compare(arguments: &[String]) -> Result<(), String> {
    let [first, second, filters @ ..] = arguments else {
        return Err("two builds of count, please".to_string());
    };
    let rows = asked_for(filters)?;
    println!("| row | first, ns | second, ns | first / second |");
    println!("|---|---:|---:|---:|");
    for row in &rows {
        let times = pace(first, row)?;
        let mut costs = [Vec::new(), Vec::new()];
        for round in 0..ROUNDS {
            // The first changes, so that none always finds what the other left.
            for turn in [round % 2, (round + 1) % 2] {
                costs[turn].push(run([first, second][turn], row, times)?);
            }
        }
        println!("{}", line(row, &costs));
    }
    Ok(())
}

fn line(row: &Row, [first, second]: &[Vec<f64>; 2]) -> String {
    let ratio = Middle::of(
        first
            .iter()
            .zip(second)
            .map(|(first, second)| first / second),
    );
    format!(
        "| {} | {:.1} | {:.1} | {:.2} ({:.2} to {:.2}) |",
        row.id(),
        Middle::of(first.iter().copied()).median,
        Middle::of(second.iter().copied()).median,
        ratio.median,
        ratio.low,
        ratio.high
    )
}

/// The rows whose names contain one of the texts; without texts, those of
/// [`GROUPS`].
fn asked_for(filters: &[String]) -> Result<Vec<Row>, String> {
    let is_asked_for = |id: &str| match filters {
        [] => GROUPS.iter().any(|group| id.starts_with(group)),
        filters => filters.iter().any(|filter| id.contains(filter.as_str())),
    };
    let rows: Vec<_> = groups::all()
        .into_iter()
        .filter(|row| is_asked_for(&row.id()))
        .collect();
    match rows.is_empty() {
        true => Err(format!("no row has {} in its name", filters.join(" or "))),
        false => Ok(rows),
    }
}

/// How many iterations make a turn.
fn pace(count: &str, row: &Row) -> Result<u64, String> {
    let mut times = 1;
    loop {
        let took = run(count, row, times)? * (row.batch * times) as f64;
        if took > SHARE / 10.0 {
            return Ok(((times as f64 * SHARE / took) as u64).max(1));
        }
        times *= 4;
    }
}

/// One turn of one build: nanoseconds for an operation.
fn run(count: &str, row: &Row, times: u64) -> Result<f64, String> {
    let output = Command::new(count)
        .args(["executor", &row.id(), &times.to_string()])
        .output()
        .map_err(|error| format!("{count} cannot be run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let nanos = text.trim_end().strip_suffix(" ns").and_then(|text| {
        let (_, nanos) = text.rsplit_once(' ')?;
        nanos.parse::<f64>().ok()
    });
    nanos
        .map(|nanos| nanos / (row.batch * times) as f64)
        .ok_or_else(|| {
            let stderr = String::from_utf8_lossy(&output.stderr);
            format!("{count} gave no time for {}: {text}{stderr}", row.id())
        })
}
