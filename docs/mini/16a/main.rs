#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::future::pending;

use mini::{JoinHandle, Runner, run, spawn};

/// Starts a task that waits forever.
async fn start() -> JoinHandle<u32> {
    spawn(pending())
}

fn main() {
    let mut runner = Runner::new();
    let handle = runner.run(start());
    drop(runner); // and with it the task
    println!("{:?}", run(handle));
}
