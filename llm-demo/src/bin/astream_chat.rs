//! An answer that streams in, word by word.
//!
//! The second example of LlamaIndex's page on async Python: ask, and print
//! each delta as it comes. How fast they come is said on stderr.

use std::process::ExitCode;

use clap::Parser;
use llm_demo::cli::{CommonArgs, Pace, run};
use llm_demo::{Error, OpenAi};

/// Asks a model and prints its answer while it comes.
#[derive(Parser)]
#[command(name = "astream_chat")]
struct Options {
    /// What to say to it
    #[arg(default_value = "Tell me a story")]
    prompt: String,

    #[command(flatten)]
    common: CommonArgs,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let llm = options.common.client();
    run(&mut options.common.runner(), tell_a_story(&llm, &options))
}

async fn tell_a_story(llm: &OpenAi, options: &Options) -> Result<(), Error> {
    let mut printer = options.common.printer();
    let mut pace = Pace::new();
    // What the server refuses comes out of this `await`.
    let mut stream = llm.astream_chat([("user", &options.prompt)]).await?;
    while let Some(chunk) = stream.try_next().await? {
        pace.step(&chunk);
        printer.delta(&chunk);
    }
    printer.pace("", &pace);
    Ok(())
}
