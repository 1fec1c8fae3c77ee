//! Three calls that take two seconds each take two seconds together.
//!
//! The practical example of LlamaIndex's page on async Python, on this loop:
//! start several fetches, wait for all of them, print the results in order.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use executor::{RunError, Runner, gather, now, sleep, try_run};
use llm_demo::{LONGEST, at_least_one, duration, friendly, tell};

/// Fetches from several sources at once, and shows that it takes as long as
/// the slowest, not as long as all of them.
#[derive(Parser)]
#[command(name = "fetch_data")]
struct Options {
    /// What to fetch from
    #[arg(default_values = ["API 1", "API 2", "API 3"])]
    sources: Vec<String>,

    /// How long each source takes to answer, for example 2s or 150ms
    #[arg(long, default_value = "2s", value_parser = duration, allow_hyphen_values = true)]
    delay: Duration,

    /// Fetch one after another
    #[arg(long, conflicts_with = "limit")]
    sequential: bool,

    /// Fetch from at most N sources at a time
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_hyphen_values = true)]
    limit: Option<NonZeroUsize>,

    /// Let the loop's clock jump instead of waiting
    #[arg(long = "virtual")]
    virtual_time: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.takes() > LONGEST {
        let text = format!("all of it would take more than {}", friendly(LONGEST));
        let error = Options::command().error(ErrorKind::ValueValidation, text);
        error.exit(); // with code 2, like any other bad argument
    }
    match run_program(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run_program(options: &Options) -> Result<(), RunError> {
    let program = fetch_and_print(options);
    let elapsed = if options.virtual_time {
        Runner::builder().virtual_time().build().try_run(program)?
    } else {
        try_run(program)?
    };
    let clock = if options.virtual_time {
        " of virtual time"
    } else {
        ""
    };
    tell(format_args!(
        "elapsed: {}{clock}; one after another: {}",
        friendly(elapsed),
        friendly(options.delay.saturating_mul(options.count())),
    ));
    Ok(())
}

/// Prints what every source says, and gives the time that this took on the
/// loop's own clock, which may be a virtual one.
async fn fetch_and_print(options: &Options) -> Duration {
    let start = now();
    for result in fetch_all(options).await {
        executor::println!("{result}");
    }
    now() - start
}

async fn fetch_all(options: &Options) -> Vec<String> {
    // A future does nothing before it is awaited: so far, nothing is fetched.
    let fetches = options.sources.iter();
    let fetches = fetches.map(|source| fetch_data(source, options.delay));

    if options.sequential {
        let mut results = Vec::new();
        for fetch in fetches {
            results.push(fetch.await); // the next begins when this one is done
        }
        return results;
    }
    let together = gather(fetches.collect::<Vec<_>>());
    match options.limit {
        Some(n) => together.limit(n.get()).await,
        None => together.await,
    }
}

/// Stands for a call over the network: it takes time, but no work of ours.
async fn fetch_data(source: &str, delay: Duration) -> String {
    executor::println!("Fetching from {source}...");
    sleep(delay).await; // meanwhile the loop runs the other fetches
    format!("Data from {source}")
}

impl Options {
    fn count(&self) -> u32 {
        u32::try_from(self.sources.len()).unwrap_or(u32::MAX)
    }

    /// How long the program takes: the delay, as often as a fetch has to wait
    /// for others.
    fn takes(&self) -> Duration {
        let at_a_time = match self.limit {
            _ if self.sequential => 1,
            Some(n) => u32::try_from(n.get()).unwrap_or(u32::MAX),
            None => self.count(),
        };
        self.delay.saturating_mul(self.count().div_ceil(at_a_time))
    }
}
