//! The practical example of LlamaIndex's page on async Python, line for line.

use std::time::Duration;

use executor::{gather, println, run, sleep};

/// Simulates fetching data from a source.
async fn fetch_data(source: &str) -> String {
    println!("Fetching from {source}...");
    sleep(Duration::from_secs(2)).await; // stands for I/O
    format!("Data from {source}")
}

async fn async_main() {
    // The three run concurrently.
    let results = gather([
        fetch_data("API 1"),
        fetch_data("API 2"),
        fetch_data("API 3"),
    ])
    .await;

    for result in results {
        println!("{result}");
    }
}

fn main() {
    run(async_main());
}
