//! A fourth source that fails, and three good answers that are lost with it.

use std::process::ExitCode;
use std::time::Duration;

use docs::Exercise;
use executor::{sleep, try_gather};

async fn fetch_data(source: &str) -> Result<String, String> {
    sleep(Duration::from_secs(2)).await;
    match source {
        "API 4" => Err(format!("{source} is down")),
        source => Ok(format!("Data from {source}")),
    }
}

// TODO: print what the good sources said, then the errors.
async fn program() {
    let sources = ["API 4", "API 1", "API 2", "API 3"];
    match try_gather(sources.map(fetch_data)).await {
        Ok(all) => all.iter().for_each(|data| executor::println!("{data}")),
        Err(error) => executor::println!("error: {error}"),
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
