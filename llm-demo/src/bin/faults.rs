//! Everything that can go wrong with a server, and the one line that the
//! client says about it. All of it happens at once.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use executor::gather;
use llm_demo::cli::{LoopArgs, run, show};
use llm_demo::server::{self, Fault, Server};
use llm_demo::{Builder, Error, OpenAi};
use serde_json::json;

/// Asks servers that fail, and prints what the client makes of it.
#[derive(Parser)]
#[command(name = "faults")]
struct Options {
    /// Print JSON, one object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    of_loop: LoopArgs,
}

const SOON: Duration = Duration::from_millis(500); // for servers that say nothing

fn main() -> ExitCode {
    let options = Options::parse();
    run(&mut options.of_loop.runner(), meet_all(&options))
}

async fn meet_all(options: &Options) -> Result<(), Error> {
    let at = |url: &str| OpenAi::builder().base_url(url).max_retries(0);
    let mut cases: Vec<(&str, Builder)> = Vec::new();
    for fault in Fault::ALL {
        let url = start(Server::builder().no_delay().fault(fault))?;
        let llm = match fault {
            Fault::Stall => at(&url).idle_timeout(SOON),
            Fault::Silent => at(&url).first_byte_timeout(SOON),
            _ => at(&url),
        };
        cases.push((fault.name(), llm));
    }
    let strict = start(Server::builder().api_key("the right one".to_owned()))?;
    let url = start(Server::builder().no_delay())?;
    cases.extend([
        ("wrong key", at(&strict).api_key("a wrong one")),
        ("no such model", at(&url).model("missing")),
        ("busy", at(&url).model("rate-limited").max_retries(2)),
        ("no server", at("http://127.0.0.1:1/v1")),
        ("no such host", at("http://no-such-host.invalid/v1")),
        ("no URL", at("127.0.0.1:8000")),
    ]);
    let (names, clients): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let outcomes = clients.into_iter().map(|llm| outcome(llm.build()));
    let outcomes = gather(outcomes.collect::<Vec<_>>()).await;
    for (name, outcome) in names.into_iter().zip(outcomes) {
        let object = json!({ "fault": name, "outcome": outcome });
        show(options.json, &object, format_args!("{name:<14} {outcome}"));
    }
    Ok(())
}

fn start(server: server::Builder) -> io::Result<String> {
    let server = server.bind()?;
    let url = server.base_url();
    server.start(); // in a task of its own, for as long as the loop lives
    Ok(url)
}

async fn outcome(llm: OpenAi) -> String {
    let mut stream = match llm.astream_chat([("user", "Hello")]).await {
        Ok(stream) => stream,
        Err(error) => return error.to_string(),
    };
    match stream.get_response().await {
        Ok(_) => format!("a whole answer: {} deltas", stream.deltas()),
        Err(error) => format!("\"{}...\" {error}", stream.message().content()),
    }
}
