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

#[path = "../tests/random/budgets.rs"]
mod budgets;
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

use std::collections::BTreeMap;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use generate::Kind;
use proptest::strategy::ValueTree;

/// How many programs go to one Python process.
const BATCH: u64 = 500;

/// Set in the process that does the work. Its stderr is discarded: the executor
/// reports there each panic of a task that is not awaited.
const MARK: &str = "EXECUTOR_RANDOM_CHILD";

const HELP: &str = "\
Usage: random_programs [--programs N] [--from N] [--kind KIND] [--tally]

  --programs N  how many (10000)
  --from N      the number of the first (0)
  --kind KIND   programs of this kind only: modelled, wild, threads, crowds,
                spent, wakers, places, remotes, sources, strict or grouped
  --tally       run all, and count the complaints instead of making the first
                program that fails small

Exit codes: 0 all are right, 1 one is not, 2 wrong arguments
";

fn main() -> ExitCode {
    let wanted = match arguments() {
        Ok(wanted) => wanted,
        Err(error) => {
            eprint!("random_programs: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    if std::env::var_os(MARK).is_none() {
        return run_quietly();
    }
    let begin = Instant::now();
    for (kind, share) in SHARES {
        let programs = match wanted.kind {
            Some(only) if only != kind => continue,
            Some(_) => wanted.programs,
            None => wanted.programs * share / 1000,
        };
        if wanted.is_tally {
            print_tally(kind, wanted.from..wanted.from + programs);
            continue;
        }
        if let Err(report) = run(kind, wanted.from..wanted.from + programs) {
            return fail(&report);
        }
        report(kind, programs, begin);
    }
    ExitCode::SUCCESS
}

/// How many of a thousand programs are of each kind. Those with sockets, other
/// places and threads take a hundred times as long as the others.
const SHARES: [(Kind, u64); 11] = [
    (Kind::Modelled, 400),
    (Kind::Wild, 150),
    (Kind::Threads, 50),
    (Kind::Crowds, 100),
    (Kind::Spent, 60),
    (Kind::Wakers, 100),
    (Kind::Places, 30),
    (Kind::Remotes, 5),
    (Kind::Sources, 5),
    (Kind::Strict, 50),
    (Kind::Grouped, 50),
];

/// Runs all programs with these numbers, and prints each complaint with how many
/// programs gave it and the first of them.
fn print_tally(kind: Kind, numbers: std::ops::Range<u64>) {
    let mut found = BTreeMap::<String, (u64, u64)>::new();
    for number in numbers {
        let body = generate::program(kind, number).current();
        if let Some(complaint) = judge::complaint(kind, &body, number) {
            found
                .entry(without_numbers(&complaint))
                .or_insert((0, number))
                .0 += 1;
        }
    }
    for (complaint, (programs, first)) in found {
        println!("{kind:?}, first {first}, {programs} programs: {complaint}");
    }
}

/// The first line of a complaint, each number replaced by `#`.
fn without_numbers(complaint: &str) -> String {
    let line = complaint.lines().next().unwrap_or_default();
    let words = line.split(|c: char| c.is_ascii_digit());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("#")
}

fn run(kind: Kind, numbers: std::ops::Range<u64>) -> Result<(), String> {
    if !matches!(kind, Kind::Strict | Kind::Grouped) {
        return campaign::run(kind, numbers);
    }
    if !python::is_there() {
        println!("skipped: no python3 (3.11 or later)");
        return Ok(());
    }
    for start in numbers.clone().step_by(BATCH as usize) {
        let batch = start..numbers.end.min(start + BATCH);
        campaign::run_on_asyncio(kind, batch)?;
    }
    Ok(())
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

/// What the arguments ask for.
struct Wanted {
    programs: u64,
    /// The number of the first.
    from: u64,
    /// `None` for all kinds.
    kind: Option<Kind>,
    /// Whether to run all and count the complaints.
    is_tally: bool,
}

fn arguments() -> Result<Wanted, String> {
    let mut wanted = Wanted {
        programs: 10_000,
        from: 0,
        kind: None,
        is_tally: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        if flag == "--tally" {
            wanted.is_tally = true;
            continue;
        }
        let value = arguments.next();
        let value = value.ok_or_else(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--programs" => wanted.programs = number(&flag, &value)?,
            "--from" => wanted.from = number(&flag, &value)?,
            "--kind" => wanted.kind = Some(kind(&value)?),
            _ => return Err(format!("what is {flag:?}?")),
        }
    }
    Ok(wanted)
}

fn number(flag: &str, value: &str) -> Result<u64, String> {
    let number = value.parse();
    number.map_err(|_| format!("{flag} needs a number, and {value:?} is none"))
}

fn kind(value: &str) -> Result<Kind, String> {
    let mut all = SHARES.into_iter().map(|(kind, _)| kind);
    let found = all.find(|kind| format!("{kind:?}").eq_ignore_ascii_case(value));
    found.ok_or_else(|| format!("there is no kind {value:?}"))
}

fn report(kind: Kind, programs: u64, begin: Instant) {
    let seconds = begin.elapsed().as_secs();
    println!("{programs} programs of {kind:?} are right ({seconds} s so far)");
}

fn fail(report: &str) -> ExitCode {
    println!("{report}");
    ExitCode::FAILURE
}
