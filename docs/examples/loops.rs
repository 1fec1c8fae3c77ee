//! Loops one after another, and loops side by side on threads.

#![allow(clippy::async_yields_async, reason = "the task is for the next run")]

use executor::{Runner, run, sleep, spawn};
use std::thread;
use std::time::Duration;

async fn nap(name: &str) {
    sleep(Duration::from_millis(10)).await;
    println!("{name}: awake");
}

fn main() {
    // One thread, two loops in turn: each `run` starts a new one.
    run(nap("first"));
    run(nap("second"));

    // A loop that is used twice: what is left of the first run goes on in the
    // second.
    let mut runner = Runner::new();
    let left = runner.run(async { spawn(nap("left over")) });
    runner.run(left).unwrap();

    // Two threads, a loop on each, at the same time.
    let other = thread::spawn(|| run(nap("other thread")));
    other.join().unwrap();
    run(nap("this thread"));
}
