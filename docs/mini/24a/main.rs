#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "model"))]
mod model;

use std::time::Duration;

use mini::{Runner, gather, now, sleep};

async fn fetch_data(source: &str) -> String {
    println!("Fetching from {source}...");
    sleep(Duration::from_secs(2)).await;
    format!("Data from {source}")
}

fn main() {
    Runner::virtual_time().run(async {
        let start = now();
        for line in gather(["API 1", "API 2", "API 3"].map(fetch_data)).await {
            println!("{line}");
        }
        println!("elapsed: {:?}", now() - start);
    });
}
