//! Random programs, checked by the replay oracle, by a reference model and by
//! asyncio. Shares its modules with the test `random`.
//!
//! ```text
//! cargo run --release -p executor --example random_programs -- --programs 100000
//! ```
//!
//! `--from N` begins at another number. Prints how many programs of each kind
//! passed, or the smallest that failed, as a test to paste.

#![allow(dead_code, reason = "only the test uses some items")]

#[path = "../tests/random/campaign.rs"]
mod campaign;
#[path = "../tests/random/generate.rs"]
mod generate;
#[path = "../tests/random/interpret.rs"]
mod interpret;
#[path = "../tests/random/judge.rs"]
mod judge;
#[path = "../tests/random/model.rs"]
mod model;
#[path = "../tests/random/print.rs"]
mod print;
#[path = "../tests/random/program.rs"]
mod program;
#[path = "../tests/random/python.rs"]
mod python;
#[path = "../tests/random/shared.rs"]
mod shared;
#[path = "../tests/random/world.rs"]
mod world;

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use generate::Kind;

/// How many programs go to one Python process.
const BATCH: u64 = 500;

/// Set in the process that does the work. Its stderr is discarded: the executor
/// reports there each panic of a task that is not awaited.
const MARK: &str = "EXECUTOR_RANDOM_CHILD";

const HELP: &str = "\
Usage: random_programs [--programs N] [--from N]

  --programs N  how many (10000)
  --from N      the number of the first (0)

Exit codes: 0 all are right, 1 one is not, 2 wrong arguments
";

fn main() -> ExitCode {
    let (programs, from) = match arguments() {
        Ok(numbers) => numbers,
        Err(error) => {
            eprint!("random_programs: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    if std::env::var_os(MARK).is_none() {
        return run_quietly();
    }
    // Of ten programs, six are modelled, two wild, one has thread jobs, and
    // one is run by asyncio too.
    let share = |tenths: u64| from..from + programs * tenths / 10;
    let begin = Instant::now();
    let kinds = [(Kind::Modelled, 6), (Kind::Wild, 2), (Kind::Threads, 1)];
    for (kind, tenths) in kinds {
        if let Err(report) = campaign::run(kind, share(tenths)) {
            return fail(&report);
        }
        report(kind, programs * tenths / 10, begin);
    }
    if !python::is_there() {
        println!("skipped: no python3 (3.11 or later)");
        return ExitCode::SUCCESS;
    }
    for kind in [Kind::Strict, Kind::Grouped] {
        let all = from..from + programs / 20;
        for start in all.clone().step_by(BATCH as usize) {
            let batch = start..all.end.min(start + BATCH);
            if let Err(report) = campaign::run_on_asyncio(kind, batch) {
                return fail(&report);
            }
        }
        report(kind, programs / 20, begin);
    }
    ExitCode::SUCCESS
}

/// Runs this program again, without stderr.
fn run_quietly() -> ExitCode {
    let program = std::env::current_exe().expect("a program knows itself");
    let status = Command::new(program)
        .args(std::env::args().skip(1))
        .env(MARK, "1")
        .stderr(Stdio::null())
        .status()
        .expect("it runs again");
    match status.code() {
        Some(0) => ExitCode::SUCCESS,
        Some(1) => ExitCode::FAILURE, // it has printed the failure
        _ => {
            eprintln!(
                "random_programs: the run itself failed ({status}); {MARK}=1 shows its stderr"
            );
            ExitCode::FAILURE
        }
    }
}

/// Returns how many programs to run, and the number of the first.
fn arguments() -> Result<(u64, u64), String> {
    let (mut programs, mut from) = (10_000, 0);
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let number = match flag.as_str() {
            "--programs" => &mut programs,
            "--from" => &mut from,
            _ => return Err(format!("what is {flag:?}?")),
        };
        let value = arguments.next().ok_or(format!("{flag} needs a number"))?;
        *number = value
            .parse()
            .map_err(|_| format!("{flag} needs a number, and {value:?} is none"))?;
    }
    Ok((programs, from))
}

fn report(kind: Kind, programs: u64, begin: Instant) {
    let seconds = begin.elapsed().as_secs();
    println!("{programs} programs of {kind:?} are right ({seconds} s so far)");
}

fn fail(report: &str) -> ExitCode {
    println!("{report}");
    ExitCode::FAILURE
}
