//! A loop on a thread of its own, for code that cannot give up its thread: a
//! cell of a notebook, or a plain program.

use executor::{Runner, sleep};
use std::time::Duration;

async fn fetch_data(source: &str) -> String {
    sleep(Duration::from_millis(10)).await;
    format!("Data from {source}")
}

fn main() {
    let background = Runner::background();

    // Cell 1: starts something and does not wait.
    let slow = background.spawn(|| fetch_data("API 1"));

    // Cell 2: waits for something else. The loop runs both meanwhile.
    println!("{}", background.run(|| fetch_data("API 2")));

    // Cell 3: asks for what cell 1 started.
    println!("{}", slow.wait().unwrap());
}
