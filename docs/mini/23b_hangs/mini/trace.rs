//! Writes what the loop does, in the format `loop-trace/1`, to the file that
//! the variable `MINI_TRACE` names.

use std::cell::Cell;
use std::fmt::{self, Arguments, Display, Formatter};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::run::LoopWaker;

/// Who wakes, on this thread.
#[derive(Clone, Copy)]
pub enum By {
    AnotherThread,
    Loop,
    Task(u64),
    Timer(u64),
}

impl Display for By {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            By::AnotherThread => write!(f, r#""mail""#),
            By::Loop => write!(f, r#""loop""#),
            By::Task(n) => write!(f, r#"{{"task":{n}}}"#),
            By::Timer(n) => write!(f, r#"{{"timer":{n}}}"#),
        }
    }
}

thread_local! {
    static BY: Cell<By> = const { Cell::new(By::AnotherThread) };
}

static ON: AtomicBool = AtomicBool::new(false);
static EVENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// The loop's time in nanoseconds.
static NOW: AtomicU64 = AtomicU64::new(0);

pub fn start() {
    ON.store(std::env::var_os("MINI_TRACE").is_some(), Ordering::Relaxed);
    by(By::Loop);
    emit("run.start", format_args!(""));
}

/// Says who wakes from here on.
pub fn by(by: By) {
    BY.set(by);
}

pub fn at(nanos: u128) {
    NOW.store(nanos as u64, Ordering::Relaxed);
}

pub fn emit(kind: &str, fields: Arguments<'_>) {
    if ON.load(Ordering::Relaxed) {
        let mut events = EVENTS.lock().unwrap();
        let (i, t) = (events.len(), NOW.load(Ordering::Relaxed));
        events.push(format!(r#"{{"i":{i},"t":{t},"k":"{kind}"{fields}}}"#));
    }
}

pub fn wake(task: u64, queued: bool) {
    let effect = if queued { "queued" } else { "already-queued" };
    let by = BY.get();
    let fields = format_args!(r#","task":{task},"by":{by},"effect":"{effect}""#);
    emit("wake", fields);
}

/// A number, or `null` if there is none.
struct OrNull<T>(Option<T>);

impl<T: Display> Display for OrNull<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("null"),
        }
    }
}

pub fn spawn(task: u64, parent: Option<u64>) {
    let parent = OrNull(parent);
    let fields = format_args!(r#","task":{task},"name":"Task-{task}","parent":{parent},"at":"-""#);
    emit("task.spawn", fields);
}

pub fn done(task: u64, cancelled: bool) {
    let how = if cancelled { "cancelled" } else { "returned" };
    emit("task.done", format_args!(r#","task":{task},"how":"{how}""#));
}

/// The task that is polled waits for another one.
pub fn join(other: u64) {
    if let By::Task(task) = BY.get() {
        let fields = format_args!(r#","task":{task},"on":{{"task":{other}}}"#);
        emit("await", fields);
    }
}

pub fn turn(ready: usize) {
    static TURNS: AtomicU64 = AtomicU64::new(1);
    if ON.load(Ordering::Relaxed) {
        let n = TURNS.fetch_add(1, Ordering::Relaxed);
        emit("turn", format_args!(r#","n":{n},"ready":{ready}"#));
    }
}

pub fn poll_start(task: u64) {
    by(By::Task(task));
    emit("poll.start", format_args!(r#","task":{task}"#));
}

pub fn poll_end(waker: &Arc<LoopWaker>, is_ready: bool) {
    let (task, result) = (waker.number, if is_ready { "ready" } else { "pending" });
    let fields = format_args!(r#","task":{task},"result":"{result}""#);
    emit("poll.end", fields);
    if !is_ready {
        // The loop itself has one for the main future, two for a task.
        let n = Arc::strong_count(waker) - if task == 1 { 1 } else { 2 };
        let fields = format_args!(r#","task":{task},"n":{n},"noted":false"#);
        emit("waker.count", fields);
    }
    by(By::Loop);
}

pub fn park_start(until: Option<u128>) {
    let until = OrNull(until);
    emit("park.start", format_args!(r#","until":{until}"#));
}

/// What ended the park: a socket, or another thread, or neither.
pub fn park_end(io: bool, thread: bool) {
    let cause = match (io, thread) {
        (true, _) => "io",
        (false, true) => "wake",
        (false, false) => "timer",
    };
    emit("park.end", format_args!(r#","cause":"{cause}""#));
}

pub fn timer_add(timer: u64, deadline: u128) {
    if let By::Task(task) = BY.get() {
        let fields = format_args!(r#","timer":{timer},"task":{task},"deadline":{deadline}"#);
        emit("timer.add", fields);
        let fields = format_args!(r#","task":{task},"on":{{"timer":{timer}}}"#);
        emit("await", fields);
    }
}

/// Writes the file, once the loop has ended.
pub fn end(is_virtual: bool) {
    emit("loop.closed", format_args!(""));
    let Some(file) = std::env::var_os("MINI_TRACE") else {
        return;
    };
    let clock = if is_virtual { "virtual" } else { "monotonic" };
    let events = EVENTS.lock().unwrap().join(",\n");
    let text = format!(
        r#"{{"schema":"loop-trace/1","program":"mini","args":[],"lang":"rust",
"runtime":"mini","version":"0.1.0","clock":"{clock}","unit":"ns","sites":[],"dropped":0,
"events":[
{events}
]}}
"#
    );
    std::fs::write(file, text).expect("the trace can be written");
}
