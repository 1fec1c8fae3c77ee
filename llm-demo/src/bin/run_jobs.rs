//! Many questions, some at a time, on one thread.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use clap::Parser;
use executor::now;
use futures::TryStreamExt;
use llm_demo::cli::{CommonArgs, at_least_one, friendly, remark, run, show};
use llm_demo::{Error, OpenAi, RunJobs, run_jobs, run_jobs_as_completed};
use serde_json::json;

/// Asks a model many things, a few at a time, and prints the answers in the
/// order of the questions. The first failure cancels the rest.
#[derive(Parser)]
#[command(name = "run_jobs")]
struct Options {
    /// What to ask
    #[arg(default_values = ["A story of a fox", "A story of a crow", "A story of a river",
        "A story of the wind", "A story of an old oak", "A story of two mice"])]
    prompts: Vec<String>,
    /// How many at a time
    #[arg(long, default_value = "4", value_name = "N", value_parser = at_least_one)]
    workers: NonZeroUsize,
    /// Ask everything N times
    #[arg(long, default_value = "1", value_name = "N", value_parser = at_least_one)]
    repeat: NonZeroUsize,
    /// Print each answer as soon as it is there
    #[arg(long)]
    as_completed: bool,

    #[command(flatten)]
    common: CommonArgs,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let llm = options.common.client();
    run(&mut options.common.runner(), ask_all(&llm, &options))
}

async fn ask_all(llm: &OpenAi, options: &Options) -> Result<(), Error> {
    let begun = now();
    let prompts = std::iter::repeat_n(&options.prompts, options.repeat.get()).flatten();
    let jobs: Vec<_> = prompts.map(|prompt| ask(llm, prompt)).collect();
    let how = RunJobs::workers(options.workers.get()).progress("asking");
    let (count, mut tokens) = (jobs.len(), 0);
    if options.as_completed {
        let mut answers = run_jobs_as_completed(jobs, how);
        while let Some((number, answer)) = answers.try_next().await? {
            tokens += print(options, number, &answer);
        }
    } else {
        for (number, answer) in run_jobs(jobs, how).await?.iter().enumerate() {
            tokens += print(options, number, answer);
        }
    }
    let time = now() - begun;
    let (rate, time) = (tokens as f64 / time.as_secs_f64(), friendly(time));
    let said = format!("{count} answers, {tokens} deltas in {time}, {rate:.0} a second");
    remark(format_args!("{said}"));
    Ok(())
}

/// The answer, and in how many pieces it came.
async fn ask(llm: &OpenAi, prompt: &str) -> Result<(String, usize), Error> {
    let mut stream = llm.astream_complete(prompt).await?;
    while stream.try_next().await?.is_some() {}
    Ok((stream.text().to_owned(), stream.deltas()))
}

fn print(options: &Options, number: usize, (text, deltas): &(String, usize)) -> usize {
    let prompt = &options.prompts[number % options.prompts.len()];
    let (job, text) = (number + 1, text.replace('\n', " "));
    let object = json!({ "job": job, "prompt": prompt, "text": text });
    let line = format!("{job}. {prompt}: {text}");
    show(options.common.json, &object, format_args!("{line}"));
    *deltas
}
