//! The same with a wait in each step: now they take turns.

#![allow(unreachable_pub)]

use executor::{gather, run, sleep};
use std::time::Duration;

async fn step(name: &str, n: u32) {
    executor::println!("{name} {n}");
    sleep(Duration::ZERO).await;
}

async fn three_steps(name: &str) {
    for n in 0..3 {
        step(name, n).await;
    }
}

/// The program, for `main` and for `watched`.
pub async fn program() {
    gather((three_steps("busy"), three_steps("other"))).await;
}

fn main() {
    run(program());
}
