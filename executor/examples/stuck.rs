//! Three common mistakes of async programs.
//!
//! `EXECUTOR_DEBUG=1 cargo run -p executor --example stuck -- blocking` and so on: debug
//! mode names the task, the line and the remedy. With `EXECUTOR_PS=1` the
//! program `executor-ps` shows the tasks from another process.

use std::future::poll_fn;
use std::process::ExitCode;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use executor::sync::Lock;
use executor::{run, spawn_named, yield_now};

const HELP: &str = "\
Shows a classic mistake of async programs.

Usage: stuck forgetful|opposite|blocking [SECONDS]

  forgetful  a future that returns Pending and stores no waker
  opposite   two tasks that take two locks in opposite order
  blocking   a call that blocks the thread, inside a task
  SECONDS    how long the blocking call takes (3)
";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let seconds = arguments.get(1).map_or(Ok(3), |seconds| seconds.parse());
    match (arguments.first().map(String::as_str), seconds) {
        (Some("forgetful"), Ok(_)) => forgetful(),
        (Some("opposite"), Ok(_)) => opposite(),
        (Some("blocking"), Ok(seconds)) => blocking(Duration::from_secs(seconds)),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Awaits a future that keeps no waker, so nothing can wake the task.
fn forgetful() {
    run(async {
        let task = spawn_named("forgetful", poll_fn(|_cx| Poll::<()>::Pending));
        let _ = task.await;
    });
}

/// Runs two tasks, each of which holds the lock that the other waits for.
fn opposite() {
    run(async {
        let forks = ["left", "right"].map(|name| Rc::new(Lock::named(name, ())));
        let [left, right] = forks.clone();
        let plato = spawn_named("plato", dine(left, right));
        let [left, right] = forks;
        let kant = spawn_named("kant", dine(right, left));
        let _ = (plato.await, kant.await);
    });
}

async fn dine(first: Rc<Lock<()>>, second: Rc<Lock<()>>) {
    let _one = first.lock().await;
    yield_now().await;
    let _other = second.lock().await;
}

/// Blocks the loop's thread in one task, and so delays all tasks.
fn blocking(time: Duration) {
    run(async {
        let rude = spawn_named("rude", async move { std::thread::sleep(time) });
        let _ = rude.await;
    });
}
