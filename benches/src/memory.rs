//! Bytes per idle task, a million of them, and per idle connection.
//!
//! What a process has once used it may keep, so each runtime is measured in a
//! process of its own: this program starts itself again with an environment
//! variable, and [`answer_if_asked`] does the work there.
//!
//! Same work: the same futures, detached, all polled once; a connection's task
//! waits to read into a buffer of a kibibyte. The number is what the kernel
//! says is resident, so it has the allocator's own cost in it, and not what the
//! kernel itself keeps for a socket. It cannot say what a task with larger
//! state takes.

use std::env;
use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::net::{Sockets, per_idle_connection};
use crate::row::{HALF, SAME};
use crate::side::{Executor, Side, Tokio};

/// The rows' common name.
pub const ID: &str = "memory";

/// The rows, which are also what the process that measures is asked, and the
/// ratio to tokio that each is to reach.
pub const ROWS: [(&str, f64); 2] = [("memory/idle task", HALF), ("memory/idle connection", SAME)];

const QUESTION: &str = "BENCHES_MEMORY_OF";
const TASKS: u64 = 1_000_000;
/// As many as one listener's queue takes: they connect before it accepts.
const CONNECTIONS: usize = 4000;
const DAY: Duration = Duration::from_secs(86_400);

/// Bytes on the executor and on tokio, for one of [`ROWS`].
///
/// # Errors
///
/// The reason why this machine cannot say.
pub fn measure(row: &str) -> Result<(f64, f64), String> {
    Ok((ask("executor", row)?, ask("tokio", row)?))
}

/// In a process that [`measure`] has started, does the work, prints the answer
/// and says `true`. To be called first in `main`.
pub fn answer_if_asked() -> bool {
    let Ok(question) = env::var(QUESTION) else {
        return false;
    };
    let bytes = match question.as_str() {
        "executor memory/idle task" => bytes_per_task::<Executor>(),
        "tokio memory/idle task" => bytes_per_task::<Tokio>(),
        "executor memory/idle connection" => bytes_per_connection::<Executor>(),
        _ => bytes_per_connection::<Tokio>(),
    };
    if let Some(bytes) = bytes {
        println!("{bytes}");
    }
    true
}

fn ask(side: &str, row: &str) -> Result<f64, String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(this)
        .env(QUESTION, format!("{side} {row}"))
        .output()
        .map_err(|error| error.to_string())?;
    let answer = String::from_utf8_lossy(&output.stdout);
    answer
        .trim()
        .parse()
        .map_err(|_| "it needs VmRSS in /proc/self/status, and enough descriptors".to_string())
}

fn bytes_per_connection<S: Sockets>() -> Option<f64> {
    per_idle_connection::<S>(CONNECTIONS, resident_bytes)
}

fn bytes_per_task<S: Side>() -> Option<f64> {
    S::run(async {
        let before = resident_bytes()?;
        for _ in 0..TASKS {
            drop(S::spawn(async { S::sleep(DAY).await }));
        }
        S::yield_now().await;
        // A task that is spawned now is polled after all the others.
        S::spawn(async {}).await.expect("the task returns");
        Some((resident_bytes()? - before) / TASKS as f64)
    })
}

fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}
