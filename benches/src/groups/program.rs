//! A whole program, from its start as a process to its end: the time that the
//! user of a small tool waits.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::child;
use crate::clock::Stopwatch;
use crate::contender::{Contender, FLOOR, Load, Work, sides};
use crate::python::{self, ASYNCIO, UVLOOP};
use crate::row::{Row, SAME};
use crate::side::Timed;

/// What [`child::command`] is asked for one run of the program.
pub(crate) const QUESTION: &str = "program";

const FETCH: Duration = Duration::from_millis(10);

/// The rows of this group.
pub fn rows() -> Vec<Row> {
    let mut contenders: Vec<Contender> = sides!([timed] started);
    contenders.extend([
        Contender::new(ASYNCIO, started_asyncio as Work),
        Contender::new(UVLOOP, started_uvloop),
        Contender::floor(started_floor),
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
    run_often(load, || Ok(python::command(ASYNCIO)))
}

fn started_uvloop(load: Load) -> Duration {
    run_often(load, || Ok(python::command(UVLOOP)))
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

/// Does the work for one contender, in the process that was started for it.
pub(crate) fn answer(contender: &str) {
    let mut programs: Vec<Contender<fn()>> = sides!([timed] three_fetches);
    programs.push(Contender::floor(|| std::thread::sleep(FETCH)));
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
