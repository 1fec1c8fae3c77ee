//! A question, answered from documents: retrieve, build a prompt, stream.
//!
//! LlamaIndex's page names `aquery` beside `query`. The answer comes word by
//! word, and below it stands what it was made from.

use std::process::ExitCode;

use clap::Parser;
use llm_demo::cli::{CommonArgs, Pace, remark, run};
use llm_demo::retrieval::IndexArgs;
use llm_demo::{Error, OpenAi};
use serde_json::json;

/// Answers a question from some Markdown files and names the passages.
#[derive(Parser)]
#[command(name = "aquery")]
struct Options {
    /// What to ask
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
    run(&mut options.common.runner(), answer(&llm, &options))
}

async fn answer(llm: &OpenAi, options: &Options) -> Result<(), Error> {
    let index = options.index.index(llm).await?;
    let retriever = options.index.retriever(&index, llm);
    let engine = index.as_query_engine(llm).retriever(retriever);

    let mut printer = options.common.printer();
    let mut pace = Pace::new();
    let mut answer = engine.aquery(&options.question).await?;
    while let Some(chunk) = answer.try_next().await? {
        pace.step(&chunk);
        if !chunk.delta.is_empty() {
            printer.delta(&chunk);
        }
    }
    printer.end_line();
    for source in answer.source_nodes() {
        let name = source.node.source();
        printer.object(&json!({ "source": name, "score": source.score }));
    }
    printer.object(&pace.to_json());
    if !options.common.json {
        let sources = answer.formatted_sources(100);
        remark(format_args!("\nSources:\n{}", sources.trim_end()));
    }
    remark(format_args!("{pace}"));
    Ok(())
}
