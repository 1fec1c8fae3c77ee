//! A whole program, from its start as a process to its end: what somebody
//! notices who runs a small tool.

use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use crate::child;
use crate::clock::Stopwatch;
use crate::row::{Contender, FLOOR, Load, Row, SAME, Work, sides};
use crate::side::Timed;

pub(crate) const QUESTION: &str = "program";

/// asyncio as it comes with CPython.
pub const ASYNCIO: &str = "asyncio";
/// asyncio on uvloop.
pub const UVLOOP: &str = "uvloop";

const FETCH: Duration = Duration::from_millis(10);

/// The rows of this group.
pub fn rows() -> Vec<Row> {
    let mut contenders: Vec<Contender> = sides!([timed] started);
    contenders.extend([
        Contender {
            name: ASYNCIO,
            work: started_asyncio as Work,
        },
        Contender {
            name: UVLOOP,
            work: started_uvloop,
        },
        Contender {
            name: FLOOR,
            work: started_floor,
        },
    ]);
    vec![Row {
        group: "program",
        name: "three 10 ms fetches",
        batch: 1,
        goal: SAME,
        contenders,
    }]
}

/// Starts the program that awaits three fetches at once, and waits for its end.
///
/// Same work: the same binary for all that are written in Rust, and for the
/// floor, which only sleeps. Python runs the same lines in Python; its number
/// is mostly the interpreter's start and imports, and that is what its users
/// wait for. A fetch is a sleep of 10 ms: no row can be below that.
fn started<S: Timed>(load: Load) -> Duration {
    run_often(load, || child::command(QUESTION, S::NAME))
}

fn started_floor(load: Load) -> Duration {
    run_often(load, || child::command(QUESTION, FLOOR))
}

fn started_asyncio(load: Load) -> Duration {
    run_often(load, || Ok(python(ASYNCIO)))
}

fn started_uvloop(load: Load) -> Duration {
    run_often(load, || Ok(python(UVLOOP)))
}

fn run_often(load: Load, command: impl Fn() -> Result<Command, String>) -> Duration {
    let run = |_| {
        let mut command = command().expect("this program can be started again");
        command.stdout(Stdio::null());
        let watch = Stopwatch::start();
        let status = command.status().expect("the program starts");
        let took = watch.stop();
        assert!(status.success(), "the program does its work");
        took
    };
    (0..load.times).map(run).sum()
}

/// The most memory that the program in Python had, in bytes.
pub(crate) fn peak_of_python(library: &str) -> Result<f64, String> {
    let output = python(library)
        .output()
        .map_err(|error| error.to_string())?;
    let answer = String::from_utf8_lossy(&output.stdout);
    let number = answer.trim().parse();
    number.map_err(|_| "it needs VmHWM in /proc/self/status".to_string())
}

/// In the process that was started: does the work for one contender.
pub(crate) fn answer(contender: &str) {
    let mut programs: Vec<Contender<fn()>> = sides!([timed] three_fetches);
    programs.push(Contender {
        name: FLOOR,
        work: || std::thread::sleep(FETCH),
    });
    let program = programs.iter().find(|program| program.name == contender);
    (program.expect("a contender of this group").work)();
}

/// The program itself.
pub(crate) fn three_fetches<S: Timed>() {
    let fetch = |number| async move {
        S::sleep(FETCH).await;
        number
    };
    let fetched = S::run(S::gather((0..3).map(fetch).collect::<Vec<_>>()));
    assert_eq!(fetched, [0, 1, 2]);
}

const SCRIPT: &str = "
import sys
if sys.argv[1] == 'uvloop':
    import uvloop as runtime
else:
    import asyncio as runtime
import asyncio

async def fetch(number):
    await asyncio.sleep(0.01)
    return number

async def main():
    assert await asyncio.gather(*map(fetch, range(3))) == [0, 1, 2]

runtime.run(main())
for line in open('/proc/self/status'):
    if line.startswith('VmHWM:'):
        print(int(line.split()[1]) * 1024)
";

/// The interpreter is `python3`, or what `BENCHES_PYTHON` says: uvloop is often
/// in an environment of its own.
fn python(library: &str) -> Command {
    let interpreter = std::env::var("BENCHES_PYTHON").unwrap_or_else(|_| "python3".to_string());
    let mut command = Command::new(interpreter);
    command.args(["-c", SCRIPT, library]);
    command
}

/// Which of the two in Python cannot run, and why.
pub(crate) fn missing_interpreters() -> Vec<(&'static str, String)> {
    static MISSING: OnceLock<Vec<(&'static str, String)>> = OnceLock::new();
    let find = || {
        let tries = [ASYNCIO, UVLOOP].map(|library| (library, try_python(library)));
        let failed = |(name, result): (_, Result<(), String>)| result.err().map(|why| (name, why));
        tries.into_iter().filter_map(failed).collect()
    };
    MISSING.get_or_init(find).clone()
}

fn try_python(library: &str) -> Result<(), String> {
    let output = python(library)
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last_line = said.lines().last().unwrap_or("it failed without a word");
    Err(format!(
        "{last_line} (BENCHES_PYTHON names another interpreter)"
    ))
}
