//! Allocations per operation.
//!
//! The rows are run n times and 2n times, and the difference is divided: so
//! what comes before and after the operations is not in the number. The program
//! `allocations` has an allocator that counts; this pass starts it. A number
//! holds all that the row does, its vector of handles too.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::contender::FLOOR;
use crate::{groups, results};

/// The rows that are counted, and how often they are run.
const ROWS: [(&str, u64); 9] = [
    ("spawn/1k tasks, join all", 20),
    ("spawn/one task, await it", 10_000),
    ("yield/1 task, own yield_now", 10_000),
    ("channel/ping-pong, async-channel", 10_000),
    ("gather/1k wake_by_ref", 20),
    ("timers/sleep armed and dropped", 10_000),
    ("timers/10k sleeps, one deadline (CPU)", 4),
    ("wake/cross-thread round trip", 2_000),
    ("threads/blocking call, one at a time", 2_000),
];

/// So many allocations and so many bytes since the program's start.
pub type Counts = (u64, u64);

/// Counts, prints a table and, as its last line, the same as JSON. To be called
/// with the reading of an allocator that counts.
pub fn count(read: fn() -> Counts) {
    println!(
        "{:<40} {:<16} {:>12} {:>12}",
        "row", "", "allocations", "bytes"
    );
    let mut kept = Vec::new();
    for row in groups::all() {
        let Some((_, times)) = ROWS.iter().find(|(id, _)| *id == row.id()) else {
            continue;
        };
        for contender in row.contenders.iter().filter(|one| one.name != FLOOR) {
            let run = |times| {
                let before = read();
                (contender.work)(row.load(times));
                let after = read();
                (after.0 - before.0, after.1 - before.1)
            };
            run(*times); // what is made once
            let (once, twice) = (run(*times), run(2 * times));
            let operations = (times * row.batch) as f64;
            let allocations = (twice.0 as f64 - once.0 as f64).max(0.0) / operations;
            let bytes = (twice.1 as f64 - once.1 as f64).max(0.0) / operations;
            println!(
                "{:<40} {:<16} {allocations:>12.2} {bytes:>12.1}",
                row.id(),
                contender.name
            );
            kept.push(json!({
                "id": row.id(), "name": contender.name, "allocations": allocations, "bytes": bytes,
            }));
        }
    }
    println!("{}", Value::from(kept));
}

/// Starts the program that counts and keeps what it finds for the report.
pub fn print(program: &Path) {
    eprintln!("allocations");
    let output = match Command::new(program).output() {
        Ok(output) if output.status.success() => output,
        Ok(output) => {
            eprintln!(
                "skipped: allocations: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            return;
        }
        Err(error) => {
            eprintln!("skipped: allocations: {}: {error}", program.display());
            return;
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let (table, json) = text.trim_end().rsplit_once('\n').unwrap_or_default();
    println!("\nWhat is allocated per operation?\n\n{table}");
    match serde_json::from_str(json) {
        Ok(rows) => results::save("allocations", &rows),
        Err(error) => eprintln!("the program {} says {error}", program.display()),
    }
}
