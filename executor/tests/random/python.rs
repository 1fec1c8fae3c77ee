//! The same program on CPython's loop, and where the two logs part.
//!
//! Invariant: a program runs on asyncio's own tasks, locks and timeouts; only
//! the clock is ours. Called by `campaign`; `loop.py` is the other half.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::generate::Kind;
use crate::interpret::{End, interpret};
use crate::judge::first_difference;
use crate::program::{Body, Step};

const LOOP: &str = include_str!("loop.py");

/// Returns whether Python is installed and has `asyncio.timeout`.
pub(crate) fn is_there() -> bool {
    let version = "import sys; sys.exit(sys.version_info < (3, 11))";
    let status = Command::new("python3").args(["-c", version]).status();
    status.is_ok_and(|status| status.success())
}

/// What asyncio does with these programs, in one process: each one's log, with
/// how it ended for its last line.
pub(crate) fn run(programs: &[Body]) -> Vec<Vec<String>> {
    let mut source = String::from(LOOP);
    for (number, program) in programs.iter().enumerate() {
        let _ = write!(source, "\n\n{}", function(number, program));
        let _ = write!(source, "\n\nrun({number}, program_{number})\n");
    }
    let mut python = Command::new("python3")
        .args(["-W", "ignore", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 was there");
    let mut stdin = python.stdin.take().expect("it is a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(source.as_bytes()));
    let output = python.wait_with_output().expect("python3 ends");
    let written = writer.join().expect("writing does not panic");
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        println!("{stderr}"); // our own stderr may go nowhere
    }
    assert!(output.status.success() && written.is_ok(), "{stderr}");
    let logs = parse(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(logs.len(), programs.len(), "{stderr}");
    logs
}

fn parse(stdout: &str) -> Vec<Vec<String>> {
    let mut logs = Vec::new();
    let mut log = Vec::new();
    for line in stdout.lines() {
        if line.starts_with("program ") {
            log = Vec::new();
            continue;
        }
        log.push(line.to_owned());
        if line.starts_with("end ") {
            logs.push(std::mem::take(&mut log));
        }
    }
    logs
}

/// Where asyncio and the executor part, if they do.
pub(crate) fn difference(kind: Kind, program: &Body, asyncio: &[String]) -> Option<String> {
    let run = interpret(kind, program, None);
    let mut ours = run.remains.log;
    // What the end of the loop drops is not compared: asyncio cancels
    // everything at once, the executor the youngest first.
    ours.truncate(run.lines_of_main);
    ours.push(format!("end {:?}", run.end));
    let mut theirs = asyncio.to_vec();
    if kind == Kind::Grouped {
        by_body(&mut ours);
        by_body(&mut theirs);
    }
    debug_assert!(matches!(
        run.end,
        End::Returned | End::Panicked | End::Stalled
    ));
    first_difference("asyncio", &theirs, "the executor", &ours)
}

/// Sorts what happens in one moment by body: asyncio's gather runs each child
/// in a task, so its children take other turns.
fn by_body(log: &mut [String]) {
    let key = |line: &String| {
        let mut words = line.split(' ');
        let time = words.next().and_then(|time| time.parse().ok());
        let body = words.next().and_then(|body| body.get(1..)?.parse().ok());
        (time.unwrap_or(u64::MAX), body.unwrap_or(u64::MAX))
    };
    log.sort_by_key(key);
}

/// A program as a Python function.
pub(crate) fn function(number: usize, program: &Body) -> String {
    let mut out = format!("def program_{number}(w):\n");
    let name = body(&mut out, program, 1);
    let _ = writeln!(out, "    return w.body({}, {name})", program.id);
    out
}

/// `async def b3(w): ..`; gives its name.
fn body(out: &mut String, program: &Body, depth: usize) -> String {
    let indent = "    ".repeat(depth);
    let name = format!("b{}", program.id);
    let _ = writeln!(out, "{indent}async def {name}(w):");
    if program.steps.is_empty() {
        let _ = writeln!(out, "{indent}    pass");
    }
    for one in &program.steps {
        step(out, one, depth + 1);
    }
    name
}

fn step(out: &mut String, step: &Step, depth: usize) {
    let indent = "    ".repeat(depth);
    let bodies: Vec<_> = step
        .bodies()
        .into_iter()
        .map(|inner| format!("w.body({}, {})", inner.id, body(out, inner, depth)))
        .collect();
    let bodies = bodies.join(", ");
    let text = match step {
        Step::Sleep(us) => format!("await w.sleep({us})"),
        Step::Yield => "await w.yield_now()".into(),
        Step::Spawn(_) => format!("w.spawn({bodies})"),
        Step::Join(id) => format!("await w.join({id})"),
        Step::Cancel(id) => format!("w.cancel({id})"),
        Step::Detach(id) => format!("w.detach({id})"),
        Step::Gather(_) => format!("await w.gather([{bodies}])"),
        Step::Race(_) => format!("await w.race([{bodies}])"),
        Step::Timeout(us, _) => format!("await w.timeout({us}, {bodies})"),
        Step::Lock(which, _) => format!("await w.lock({which}, {bodies})"),
        Step::Permit(which, _) => format!("await w.permit({which}, {bodies})"),
        Step::Wait(which) => format!("await w.wait({which})"),
        Step::Set(which) => format!("w.set({which})"),
        Step::Clear(which) => format!("w.clear({which})"),
        Step::Put(which) => format!("await w.put({which})"),
        Step::Get(which) => format!("await w.get({which})"),
        Step::SetVar(value) => format!("w.set_var({value})"),
        Step::GetVar => "w.get_var()".into(),
        Step::Fail => "raise Failed".into(),
        Step::Panic => "w.panic()".into(),
        other => unreachable!("{other:?} is not asyncio's"),
    };
    let _ = writeln!(out, "{indent}{text}");
}

/// Which of these programs part, and how.
pub(crate) fn differences(kind: Kind, programs: &[Body]) -> HashMap<usize, String> {
    let logs = run(programs);
    let all = programs.iter().zip(&logs).enumerate();
    all.filter_map(|(n, (program, log))| Some((n, difference(kind, program, log)?)))
        .collect()
}
