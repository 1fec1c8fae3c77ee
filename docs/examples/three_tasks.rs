//! The three waits as asyncio's `gather` does them: a task for each.

#![allow(unreachable_pub)]

use executor::{gather, run, sleep, spawn};
use std::time::Duration;

async fn fetch_data(source: &str) -> String {
    executor::println!("Fetching from {source}...");
    sleep(Duration::from_secs(2)).await;
    format!("Data from {source}")
}

/// The program, for `main` and for `watched`.
pub async fn program() {
    let tasks = ["API 1", "API 2", "API 3"].map(|source| spawn(fetch_data(source)));
    for result in gather(tasks).await {
        executor::println!("{}", result.unwrap());
    }
}

fn main() {
    run(program());
}
