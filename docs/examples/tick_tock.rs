//! Two tasks with sleeps of different lengths, and a main that waits for both.

#![allow(unreachable_pub)]

use executor::{run, sleep, spawn_named};
use std::time::Duration;

async fn every(ms: u64, word: &str) {
    for _ in 0..2 {
        sleep(Duration::from_millis(ms)).await;
        executor::println!("{word}");
    }
}

/// The program, for `main` and for `watched`.
pub async fn program() {
    let tick = spawn_named("tick", every(20, "tick"));
    let tock = spawn_named("tock", every(30, "tock"));
    tick.await.unwrap();
    tock.await.unwrap();
}

fn main() {
    run(program());
}
