//! This program, started again to answer one question for one contender: how
//! much memory something takes, or how long a whole program runs.
//!
//! An environment variable carries the question; the module `answers` maps each
//! question to the function that answers it.

use std::env;
use std::process::Command;

const QUESTION: &str = "BENCHES_CHILD";

/// Returns a command that starts this program again with a question.
pub(crate) fn command(question: &str, contender: &str) -> Result<Command, String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(this);
    command.env(QUESTION, format!("{question}|{contender}"));
    Ok(command)
}

/// Returns the question and the contender that this process was started for.
pub(crate) fn question() -> Option<(String, String)> {
    let asked = env::var(QUESTION).ok()?;
    let (question, contender) = asked.split_once('|').unwrap_or((&asked, ""));
    Some((question.to_string(), contender.to_string()))
}
