//! Several web pages at once: the practical example with real requests.
//!
//! `fetch_data`, the same with simulated sources, is in `first-programs`.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use executor::{now, try_gather};
use llm_demo::Error;
use llm_demo::cli::{LoopArgs, at_least_one, friendly, run, show, tell};
use llm_demo::http::{Http, Settings, Url};
use llm_demo::server;
use serde_json::json;

/// Fetches web pages at once, and prints their status and length. The first
/// failure cancels the rest.
#[derive(Parser)]
#[command(name = "fetch_urls")]
struct Options {
    /// What to fetch: http:// or https://. Without a URL, a small server in
    /// this process is asked three times
    urls: Vec<String>,

    /// Fetch one after another
    #[arg(long, conflicts_with = "limit")]
    sequential: bool,

    /// Fetch at most N at a time
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_hyphen_values = true)]
    limit: Option<NonZeroUsize>,

    /// Print JSON, one object per line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    of_loop: LoopArgs,
}

fn main() -> ExitCode {
    let options = Options::parse();
    run(&mut options.of_loop.runner(), fetch_and_print(&options))
}

/// Prints what every URL returned, and how long that took.
async fn fetch_and_print(options: &Options) -> Result<(), Error> {
    let urls = match &options.urls[..] {
        [] => {
            let server = server::embedded().await?;
            vec![format!("http://{server}/v1/models"); 3]
        }
        urls => urls.to_vec(),
    };
    let at_a_time = match options.limit {
        _ if options.sequential => 1,
        Some(n) => n.get(),
        None => urls.len(),
    };
    let start = now();
    let http = Http::new(Settings::from_env());
    let fetches = urls.iter().map(|url| fetch(url, options.json, &http));
    let together = try_gather(fetches.collect::<Vec<_>>());
    let results = together.limit(at_a_time).await?;
    let elapsed = friendly(now() - start);

    let mut sum = Duration::ZERO;
    for (url, (result, time)) in urls.iter().zip(results) {
        let object = json!({ "url": url, "result": result });
        show(
            options.json,
            &object,
            format_args!("Data from {url}: {result}"),
        );
        sum += time;
    }
    let sum = friendly(sum);
    tell(format_args!("elapsed: {elapsed}; one after another: {sum}"));
    Ok(())
}

/// Returns the status and the length of a page, and how long it took to come.
async fn fetch(url: &str, json: bool, http: &Http) -> Result<(String, Duration), Error> {
    if !json {
        executor::println!("Fetching from {url}...");
    }
    let start = now();
    let url: Url = url.parse()?;
    let (status, page) = http.get(&url).await?;
    Ok((format!("{status}, {} bytes", page.len()), now() - start))
}
