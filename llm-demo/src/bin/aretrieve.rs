//! Finding the passages that fit a question: no model, no network.
//!
//! LlamaIndex's page names `aretrieve` beside `retrieve`. Here it waits for
//! something: the files are read on other threads, and with `--embeddings` the
//! API is asked for vectors.

use std::process::ExitCode;

use clap::Parser;
use llm_demo::cli::{CommonArgs, remark, run};
use llm_demo::retrieval::{IndexArgs, NodeWithScore};
use llm_demo::{Error, OpenAi};
use serde_json::json;

/// Prints the passages of some Markdown files that fit a question best.
#[derive(Parser)]
#[command(name = "aretrieve")]
struct Options {
    /// What to look for
    #[arg(default_value = "What is an event loop?")]
    question: String,

    #[command(flatten)]
    index: IndexArgs,

    #[command(flatten)]
    common: CommonArgs,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let llm = options.common.client();
    run(&mut options.common.runner(), search(&llm, &options))
}

async fn search(llm: &OpenAi, options: &Options) -> Result<(), Error> {
    let index = options.index.index(llm).await?;
    let retriever = options.index.retriever(&index, llm);
    let nodes = retriever.aretrieve(&options.question).await?;
    for node in &nodes {
        print(node, &options.common);
    }
    remark(format_args!("{} of {} passages", nodes.len(), index.len()));
    Ok(())
}

fn print(found: &NodeWithScore, common: &CommonArgs) {
    let (score, source, text) = (found.score, found.node.source(), &found.node.text);
    let mut printer = common.printer();
    if common.json {
        printer.object(&json!({ "score": score, "source": source, "text": text }));
    } else {
        printer.text(&format!("{score:.2}  {source}\n\n{text}\n\n"));
    }
}
