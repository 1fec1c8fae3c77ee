//! A fourth source that fails, and three good answers that are lost with it.

use std::process::ExitCode;
use std::time::Duration;

use docs::Exercise;
use executor::{gather, sleep};

async fn fetch_data(source: &str) -> Result<String, String> {
    sleep(Duration::from_secs(2)).await;
    match source {
        "API 4" => Err(format!("{source} is down")),
        source => Ok(format!("Data from {source}")),
    }
}

async fn program() {
    let sources = ["API 4", "API 1", "API 2", "API 3"];
    let results = gather(sources.map(fetch_data)).await;
    for data in results.iter().flatten() {
        executor::println!("{data}");
    }
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        executor::println!("error: {error}");
    }
}

fn main() -> ExitCode {
    let hint = "`gather` gives an array of `Result`s; go through it twice, with `if let Ok(data) = result`";
    Exercise::new(hint).check(program(), |seen, ()| {
        let wanted = [
            "Data from API 1",
            "Data from API 2",
            "Data from API 3",
            "error: API 4 is down",
        ];
        if seen.printed != wanted {
            return Err(format!("printed {:?}", seen.printed));
        }
        if seen.took != Duration::from_secs(2) {
            return Err(format!("it took {:?}", seen.took));
        }
        Ok(())
    })
}
