//! Writes what the loop does, in the format `loop-trace/1`, to the file that
//! the variable `MINI_TRACE` names.

use std::fmt::Arguments;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static ON: AtomicBool = AtomicBool::new(false);
static EVENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub fn start() {
    ON.store(std::env::var_os("MINI_TRACE").is_some(), Ordering::Relaxed);
    emit("run.start", format_args!(""));
}

pub fn emit(kind: &str, fields: Arguments<'_>) {
    if ON.load(Ordering::Relaxed) {
        let mut events = EVENTS.lock().unwrap();
        let i = events.len();
        events.push(format!(r#"{{"i":{i},"t":0,"k":"{kind}"{fields}}}"#)); // no clock yet
    }
}

pub fn spawn(task: usize) {
    let fields = format_args!(r#","task":{task},"name":"Task-{task}","parent":null,"at":"-""#);
    emit("task.spawn", fields);
}

pub fn done(task: usize) {
    emit(
        "task.done",
        format_args!(r#","task":{task},"how":"returned""#),
    );
}

pub fn turn(ready: usize) {
    static TURNS: AtomicU64 = AtomicU64::new(1);
    if ON.load(Ordering::Relaxed) {
        let n = TURNS.fetch_add(1, Ordering::Relaxed);
        emit("turn", format_args!(r#","n":{n},"ready":{ready}"#));
    }
}

pub fn poll_start(task: usize) {
    emit("poll.start", format_args!(r#","task":{task}"#));
}

pub fn poll_end(task: usize, is_ready: bool) {
    let result = if is_ready { "ready" } else { "pending" };
    let fields = format_args!(r#","task":{task},"result":"{result}""#);
    emit("poll.end", fields);
}

/// Writes the file, at the end of a run.
pub fn end() {
    emit("run.end", format_args!(r#","how":"returned""#));
    let Some(file) = std::env::var_os("MINI_TRACE") else {
        return;
    };
    let events = EVENTS.lock().unwrap().join(",\n");
    let text = format!(
        r#"{{"schema":"loop-trace/1","program":"mini","args":[],"lang":"rust",
"runtime":"mini","version":"0.1.0","clock":"virtual","unit":"ns","sites":[],"dropped":0,
"events":[
{events}
]}}
"#
    );
    std::fs::write(file, text).expect("the trace can be written");
}
