//! Many random programs, judged by the replay oracle, by a reference model and
//! by asyncio. The parts are those of the test `random`.
//!
//! ```text
//! cargo run --release -p executor --example random_programs -- --programs 100000
//! ```
//!
//! `--from N` begins at another number. Says how many programs of each kind
//! kept all promises, or prints the smallest that did not, as a test to paste.

#![allow(dead_code, reason = "the test uses what this does not")]

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

/// Set in the process that does the work. Its stderr is thrown away: the
/// executor reports there each panic that nobody awaited.
const MARK: &str = "EXECUTOR_RANDOM_CHILD";

fn main() -> ExitCode {
    if std::env::var_os(MARK).is_none() {
        return run_quietly();
    }
    let programs = number_after("--programs").unwrap_or(10_000);
    let from = number_after("--from").unwrap_or(0);
    // Of ten programs, six are modelled, two wild, one has thread jobs, and
    // one is run by asyncio too.
    let share = |tenths: u64| from..from + programs * tenths / 10;
    let begin = Instant::now();
    let kinds = [(Kind::Modelled, 6), (Kind::Wild, 2), (Kind::Threads, 1)];
    for (kind, tenths) in kinds {
        if let Err(report) = campaign::run(kind, share(tenths)) {
            return fail(&report);
        }
        tell(kind, programs * tenths / 10, begin);
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
        tell(kind, programs / 20, begin);
    }
    ExitCode::SUCCESS
}

/// Runs itself again, without stderr.
fn run_quietly() -> ExitCode {
    let program = std::env::current_exe().expect("a program knows itself");
    let status = Command::new(program)
        .args(std::env::args().skip(1))
        .env(MARK, "1")
        .stderr(Stdio::null())
        .status()
        .expect("it runs again");
    match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn number_after(flag: &str) -> Option<u64> {
    let mut arguments = std::env::args().skip_while(|argument| argument != flag);
    let value = arguments.nth(1)?;
    Some(value.parse().expect("a number"))
}

fn tell(kind: Kind, programs: u64, begin: Instant) {
    let seconds = begin.elapsed().as_secs();
    println!("{programs} programs of {kind:?} are right ({seconds} s so far)");
}

fn fail(report: &str) -> ExitCode {
    println!("{report}");
    ExitCode::FAILURE
}
