//! The same three waits, one after another.

#![allow(unreachable_pub)]

use executor::{run, sleep};
use std::time::Duration;

async fn fetch_data(source: &str) -> String {
    executor::println!("Fetching from {source}...");
    sleep(Duration::from_secs(2)).await;
    format!("Data from {source}")
}

/// The program, for `main` and for `watched`.
pub async fn program() {
    for source in ["API 1", "API 2", "API 3"] {
        let result = fetch_data(source).await;
        executor::println!("{result}");
    }
}

fn main() {
    run(program());
}
