//! Three calls that take two seconds each take two seconds together.
//!
//! The practical example of LlamaIndex's page on async Python, on this loop:
//! start several fetches, wait for all of them, print the results in order.

use std::process::ExitCode;
use std::time::Duration;

use executor::{now, sleep, try_gather};
use llm_demo::cli::{FetchArgs, finish, run, show};
use llm_demo::http::{Http, Settings};
use llm_demo::{Error, friendly, tell};
use serde_json::json;

fn main() -> ExitCode {
    let args = FetchArgs::read();
    let program = fetch_and_print(&args);
    if args.virtual_time {
        // Whoever waits for Ctrl-C waits in real time.
        finish(args.runner().try_run(program))
    } else {
        run(&mut args.runner(), program)
    }
}

/// Prints what every source says, and how long that took on the loop's own
/// clock, which may be a virtual one.
async fn fetch_and_print(args: &FetchArgs) -> Result<(), Error> {
    let start = now();
    let results = fetch_all(args).await?;
    let elapsed = friendly(now() - start);
    let mut sum = Duration::ZERO;
    for (source, (result, time)) in args.sources.iter().zip(&results) {
        let object = json!({ "source": source, "result": result });
        show(args.json, &object, format_args!("{result}"));
        sum = sum.saturating_add(*time);
    }
    let (clock, sum) = (args.clock(), friendly(sum));
    tell(format_args!(
        "elapsed: {elapsed}{clock}; one after another: {sum}"
    ));
    Ok(())
}

async fn fetch_all(args: &FetchArgs) -> Result<Vec<(String, Duration)>, Error> {
    let http = Http::new(Settings::from_env());
    // A future does nothing before it is awaited: so far, nothing is fetched.
    let sources = args.sources.iter();
    let fetches = sources.map(|source| fetch_data(source, args, &http));
    let together = try_gather(fetches.collect::<Vec<_>>());
    together.limit(args.at_a_time()).await
}

/// What a source says, and how long it took to say it.
async fn fetch_data(
    source: &str,
    args: &FetchArgs,
    http: &Http,
) -> Result<(String, Duration), Error> {
    if !args.json {
        executor::println!("Fetching from {source}...");
    }
    if source.starts_with("http://") || source.starts_with("https://") {
        let start = now();
        let (status, page) = http.get(&source.parse()?).await?;
        let length = page.len();
        return Ok((
            format!("Data from {source}: {status}, {length} bytes"),
            now() - start,
        ));
    }
    // Stands for a call over the network: it takes time, but no work of ours.
    sleep(args.delay).await; // meanwhile the loop runs the other fetches
    Ok((format!("Data from {source}"), args.delay))
}
