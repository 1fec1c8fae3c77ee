//! Bytes per idle task: a million tasks that sleep.
//!
//! What a process has once used it may keep, so each runtime is measured in a
//! process of its own: this program starts itself again with an environment
//! variable, and [`answer_if_asked`] does the work there.
//!
//! Same work: the same futures, detached, all polled once. The number is what
//! the kernel says is resident, so it has the allocator's own cost in it. It
//! cannot say what a task with larger state takes.

use std::env;
use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::side::{Executor, Side, Tokio};

/// The row's name.
pub const ID: &str = "memory";

const QUESTION: &str = "BENCHES_MEMORY_OF";
const TASKS: u64 = 1_000_000;
const DAY: Duration = Duration::from_secs(86_400);

/// Bytes per task on the executor and on tokio.
///
/// # Errors
///
/// The reason why this machine cannot say.
pub fn measure() -> Result<(f64, f64), String> {
    Ok((ask("executor")?, ask("tokio")?))
}

/// In a process that [`measure`] has started, does the work, prints the answer
/// and says `true`. To be called first in `main`.
pub fn answer_if_asked() -> bool {
    let Some(side) = env::var_os(QUESTION) else {
        return false;
    };
    let bytes = if side == "executor" {
        bytes_per_task::<Executor>()
    } else {
        bytes_per_task::<Tokio>()
    };
    if let Some(bytes) = bytes {
        println!("{bytes}");
    }
    true
}

fn ask(side: &str) -> Result<f64, String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(this)
        .env(QUESTION, side)
        .output()
        .map_err(|error| error.to_string())?;
    let answer = String::from_utf8_lossy(&output.stdout);
    answer
        .trim()
        .parse()
        .map_err(|_| "it needs VmRSS in /proc/self/status".to_string())
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
