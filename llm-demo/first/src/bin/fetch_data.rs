//! Three calls that take two seconds each take two seconds together.
//!
//! The practical example of LlamaIndex's page on async Python, with options:
//! start several fetches, wait for all of them, print the results in order.
//! `practical_example.rs` is the same without options.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use executor::{gather, now, sleep};
use first_programs::options::{self, Arg, Error, LoopOptions, Parser, ValueExt, value};
use first_programs::{LONGEST, at_least_one, duration, friendly, tell};

const HELP: &str = "\
Fetches from several simulated sources at once. It takes as long as the slowest
of them, not as long as all of them together.

Usage: fetch_data [OPTIONS] [SOURCES]...

Arguments:
  [SOURCES]...         The sources' names [default: \"API 1\" \"API 2\" \"API 3\"]

Options:
      --delay <DELAY>  How long each source takes, for example 150ms [default: 2s]
      --sequential     Fetch from one source after another
      --limit <N>      Fetch from at most N sources at a time
      --virtual        Let the loop's clock jump instead of waiting
      --seed <N>       Make the loop's random choices repeatable
      --timeline       Print a timeline of the run at its end
  -h, --help           Print this text

The program fetch_urls of llm-demo fetches real URLs.";

struct Options {
    sources: Vec<String>,
    delay: Duration,
    sequential: bool,
    limit: Option<NonZeroUsize>,
    virtual_time: bool,
    of_loop: LoopOptions,
}

fn main() -> ExitCode {
    let options = options::read(HELP, Options::parse);
    let builder = options.of_loop.builder();
    let builder = match options.virtual_time {
        true => builder.virtual_time(),
        false => builder,
    };
    options::run(builder.build(), fetch_and_print(&options))
}

/// Prints what every source returns, and how long that took on the loop's
/// clock, which may be a virtual one.
async fn fetch_and_print(options: &Options) {
    let start = now();
    // A future does nothing until it is awaited: nothing is fetched yet.
    let sources = options.sources.iter();
    let fetches = sources.map(|source| fetch_data(source, options.delay));
    let together = gather(fetches.collect::<Vec<_>>());
    for result in together.limit(options.at_a_time()).await {
        executor::println!("{result}");
    }
    let elapsed = friendly(now() - start);
    let clock = match options.virtual_time {
        true => " of virtual time",
        false => "",
    };
    let sum = friendly(options.delay.saturating_mul(count(options.sources.len())));
    tell(format_args!(
        "elapsed: {elapsed}{clock}; one after another: {sum}"
    ));
}

/// Simulates a call over the network: it takes time, but no work of this thread.
async fn fetch_data(source: &str, delay: Duration) -> String {
    executor::println!("Fetching from {source}...");
    sleep(delay).await; // meanwhile the loop runs the other fetches
    format!("Data from {source}")
}

impl Options {
    fn parse(args: &mut Parser) -> Result<Self, Error> {
        let mut options = Options {
            sources: Vec::new(),
            delay: Duration::from_secs(2),
            sequential: false,
            limit: None,
            virtual_time: false,
            of_loop: LoopOptions::default(),
        };
        while let Some(arg) = args.next()? {
            match arg {
                Arg::Long("delay") => options.delay = value(args, "--delay <DELAY>", duration)?,
                Arg::Long("sequential") => options.sequential = true,
                Arg::Long("limit") => {
                    options.limit = Some(value(args, "--limit <N>", at_least_one)?);
                }
                Arg::Long("virtual") => options.virtual_time = true,
                Arg::Long("seed") => {
                    options.of_loop.seed = Some(value(args, "--seed <N>", str::parse)?);
                }
                Arg::Long("timeline") => options.of_loop.timeline = true,
                Arg::Long("help") | Arg::Short('h') => options::print_help(HELP),
                Arg::Value(source) => options.sources.push(source.string()?),
                arg => return Err(arg.unexpected()),
            }
        }
        if options.sources.is_empty() {
            options.sources = ["API 1", "API 2", "API 3"].map(Into::into).to_vec();
        }
        options.check()?;
        Ok(options)
    }

    /// Rejects what the program cannot do, in place of doing something else.
    fn check(&self) -> Result<(), String> {
        let is_url = |source: &&String| source.contains("://");
        if let Some(url) = self.sources.iter().find(is_url) {
            return Err(format!(
                "{url} looks like a URL, and these sources are simulated; \
                 `cargo run -p llm-demo --bin fetch_urls` fetches it"
            ));
        }
        if self.sequential && self.limit.is_some() {
            return Err("'--sequential' cannot be used with '--limit <N>'".into());
        }
        let rounds = self.sources.len().div_ceil(self.at_a_time());
        if self.delay.saturating_mul(count(rounds)) > LONGEST {
            let longest = friendly(LONGEST);
            return Err(format!("all of it would take more than {longest}"));
        }
        Ok(())
    }

    /// How many sources are fetched from at a time.
    fn at_a_time(&self) -> usize {
        match self.limit {
            _ if self.sequential => 1,
            Some(n) => n.get(),
            None => self.sources.len(),
        }
    }
}

/// A factor for a duration.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
