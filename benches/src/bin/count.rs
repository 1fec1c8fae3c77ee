//! Runs one row on one runtime, a given number of times, for a tool that
//! counts instructions or takes samples.
//!
//! ```text
//! cargo build --release -p benches --bin count --config 'profile.release.debug="line-tables-only"'
//! valgrind --tool=callgrind target/release/count executor "spawn/1k" 100
//! callgrind_annotate callgrind.out.*
//! ```
//!
//! Build it right before: `cargo bench` builds it too, without the line tables.
//! Counts do not depend on how busy the machine is. To leave out what comes
//! before and after the operations, count for n and for 2n and take the
//! difference. `perf record -e cpu-clock target/release/count ..` shows where
//! the time goes.
//!
//! The row may be given by any part of its name that is in no other.

use std::env;
use std::process::ExitCode;

use benches::answers::answer_if_asked;
use benches::groups;
use benches::row::Row;

fn main() -> ExitCode {
    if answer_if_asked() {
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<_> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}\nusage: count executor|tokio|floor ROW TIMES");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<String, String> {
    let [side, name, times] = arguments else {
        return Err("three arguments, please".to_string());
    };
    let times = times.parse().map_err(|_| format!("{times} is no number"))?;
    let row = find(name)?;
    let found = row.contenders.iter().find(|one| one.name == side);
    let Some(contender) = found else {
        let names: Vec<_> = row.contenders.iter().map(|one| one.name).collect();
        return Err(format!("{side} is none of: {}", names.join(", ")));
    };
    let took = (contender.work)(row.load(times));
    Ok(format!(
        "{} on {side}: {times} iterations of {} operations, {} ns",
        row.id(),
        row.batch,
        took.as_nanos()
    ))
}

fn find(name: &str) -> Result<Row, String> {
    let all = groups::all();
    if let Some(row) = all.iter().find(|row| row.id() == name) {
        return Ok(row.clone());
    }
    let found: Vec<_> = all
        .into_iter()
        .filter(|row| row.id().contains(name))
        .collect();
    match found.as_slice() {
        [row] => Ok(row.clone()),
        rows => {
            let ids: Vec<_> = rows.iter().map(Row::id).collect();
            Err(format!(
                "{} rows are called {name}: {}",
                ids.len(),
                ids.join("; ")
            ))
        }
    }
}
