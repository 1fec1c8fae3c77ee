//! The embedded server alone: something to point any client at.
//!
//! It prints the two variables that a client needs, then a line per request,
//! until Ctrl-C. With `--fault` it fails in the way that is asked for.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, value_parser};
use executor::signal;
use llm_demo::cli::{LoopArgs, duration, run_with_its_own_ctrl_c, tell};
use llm_demo::server::{Fault, Server};

/// Serves an OpenAI-compatible API on 127.0.0.1, until Ctrl-C.
///
/// Any model name is taken. `missing` gives 404, `rate-limited` gives 429 on
/// every other request, and a request with tools gives a call of the first one.
#[derive(Parser)]
#[command(name = "serve")]
struct Options {
    /// The port; 0 is any that is free
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// The time from one token to the next, give or take a fifth
    #[arg(long, default_value = "32ms", value_parser = duration)]
    delay: Duration,
    /// The time to the first token
    #[arg(long, default_value = "150ms", value_parser = duration)]
    first_token_delay: Duration,
    /// Stream, in place of each word, the moment it was due: microseconds since 1970
    #[arg(long)]
    stamps: bool,
    /// Fail: stall, silent, cut, reset, end, corrupt, error, 503, 500, garbage
    #[arg(long)]
    fault: Option<Fault>,
    /// How many tokens come before a fault in mid-stream
    #[arg(long, value_name = "TOKENS", default_value_t = 5)]
    fault_after: usize,
    /// Fail the first of every N requests only
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u64).range(1..))]
    fault_every: u64,
    /// Answer only requests with this key
    #[arg(long, value_name = "KEY")]
    api_key: Option<String>,

    #[command(flatten)]
    of_loop: LoopArgs,
}

fn main() -> ExitCode {
    let options = Options::parse();
    run_with_its_own_ctrl_c(&mut options.of_loop.runner(), serve(&options))
}

async fn serve(options: &Options) -> io::Result<()> {
    let server = Server::builder()
        .port(options.port)
        .token_delay(options.delay)
        .first_token_delay(options.first_token_delay)
        .seed(options.of_loop.seed.unwrap_or(0))
        .stamps(options.stamps)
        .fault(options.fault)
        .fault_after(options.fault_after)
        .fault_every(options.fault_every)
        .api_key(options.api_key.clone())
        .log(|notice| tell(format_args!("{notice}")))
        .bind()?;
    let key = options.api_key.as_ref();
    let any_or_yours = key.map_or("any", |_| "the-one-you-gave");
    executor::println!("export OPENAI_BASE_URL={}", server.base_url());
    executor::println!("export OPENAI_API_KEY={any_or_yours}");
    tell(format_args!("{}", Server::WHAT_IT_IS));
    let ctrl_c = async { signal::ctrl_c().await.unwrap_or(()) };
    let served = server.until(ctrl_c).await?;
    tell(format_args!("connections: {}", served.connections));
    Ok(())
}
