//! One answer, whole; or, on a terminal, a conversation. In that the answers
//! stream; Ctrl-C stops the one that is coming and keeps what has come, and at
//! the prompt it ends the program.

use std::io::{IsTerminal, stdin};
use std::process::ExitCode;

use clap::Parser;
use executor::{io::stdin_lines, race, signal};
use futures::TryStreamExt;
use llm_demo::cli::{CommonArgs, failed, remark, run, run_with_its_own_ctrl_c};
use llm_demo::{ChatMessage, Error, OpenAi};

/// Asks a model and prints its whole answer. Without a question, on a
/// terminal, it holds a conversation.
#[derive(Parser)]
#[command(name = "achat")]
struct Options {
    /// The question; if none is given and stdin is no terminal, stdin is it
    question: Option<String>,
    #[command(flatten)]
    common: CommonArgs,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let llm = options.common.client();
    let mut runner = options.common.runner();
    match &options.question {
        None if stdin().is_terminal() => {
            run_with_its_own_ctrl_c(&mut runner, converse(&llm, &options.common))
        }
        question => run(&mut runner, ask(&llm, question.as_deref(), &options.common)),
    }
}

async fn ask(llm: &OpenAi, question: Option<&str>, common: &CommonArgs) -> Result<(), Error> {
    let question = match question {
        Some(question) => question.to_owned(),
        None => stdin_lines().try_collect::<Vec<_>>().await?.join("\n"),
    };
    let reply = llm.achat([("user", question)]).await?;
    common.printer().delta(&reply);
    Ok(())
}

async fn converse(llm: &OpenAi, common: &CommonArgs) -> Result<(), Error> {
    let mut lines = stdin_lines();
    let mut messages = Vec::new();
    remark(format_args!("Say something; Ctrl-D ends it."));
    while let Some(line) = lines.try_next().await? {
        messages.push(ChatMessage::user(line));
        // Whichever ends first: the answer, or the patience with it.
        let mut said = ChatMessage::assistant("");
        let answer = answer(llm, &messages, &mut said, common);
        let stopped = async { Ok(signal::ctrl_c().await?) };
        match race((answer, stopped)).await.1 {
            Ok(()) => messages.push(said),
            Err(error) => drop(failed(&error)),
        }
    }
    Ok(())
}

/// Prints an answer while it comes; `said` holds what has come, even if this
/// future is dropped.
async fn answer(
    llm: &OpenAi,
    messages: &[ChatMessage],
    said: &mut ChatMessage,
    common: &CommonArgs,
) -> Result<(), Error> {
    let mut printer = common.printer();
    let mut stream = llm.astream_chat(messages).await?;
    while let Some(chunk) = stream.try_next().await? {
        said.content.push_str(&chunk.delta);
        printer.delta(&chunk);
    }
    Ok(())
}
