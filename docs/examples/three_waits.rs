//! Three waits of two seconds that take two seconds together.

#![allow(unreachable_pub)]

use executor::{gather, run, sleep};
use std::time::Duration;

async fn fetch_data(source: &str) -> String {
    executor::println!("Fetching from {source}...");
    sleep(Duration::from_secs(2)).await;
    format!("Data from {source}")
}

/// The program, for `main` and for `watched`.
pub async fn program() {
    let results = gather([
        fetch_data("API 1"),
        fetch_data("API 2"),
        fetch_data("API 3"),
    ]);
    for result in results.await {
        executor::println!("{result}");
    }
}

fn main() {
    run(program());
}
