//! Three sources with delays of 1, 2 and 3 seconds: how many polls, how many
//! parks?

use std::process::ExitCode;
use std::time::Duration;

use docs::Exercise;
use executor::instrument::Event;
use executor::{gather, sleep};

// TODO: your guess. How often will the loop call into the program, and how
// often will it sleep?
const POLLS: usize = 2;
const PARKS: usize = 1;

async fn fetch_data(source: &str) -> String {
    executor::println!("Fetching from {source}...");
    sleep(Duration::from_secs(2)).await; // TODO: each source has its own delay
    format!("Data from {source}")
}

async fn program() {
    let results = gather([
        fetch_data("API 1"),
        fetch_data("API 2"),
        fetch_data("API 3"),
    ]);
    for result in results.await {
        executor::println!("{result}");
    }
}

fn main() -> ExitCode {
    let hint = "give `fetch_data` a second argument `seconds: u64`; one park ends at each deadline";
    Exercise::new(hint).check(program(), |seen, ()| {
        if seen.took != Duration::from_secs(3) {
            return Err(format!("it took {:?}, not 3 s", seen.took));
        }
        let is_park = |event: &Event| matches!(event, Event::ParkStart { .. });
        let parks = seen.count(is_park);
        if (POLLS, PARKS) != (seen.polls(), parks) {
            return Err("the guess is not what the loop did; count above".into());
        }
        Ok(())
    })
}
