//! Questions that need a process of their own: how much memory something takes,
//! and how long a whole program does.
//!
//! This program starts itself again with an environment variable. Every program
//! that asks calls [`answer_if_asked`] first in its `main`.

use std::env;
use std::process::Command;

use crate::{memory, program};

const QUESTION: &str = "BENCHES_CHILD";

/// A command that runs this program again, to answer for one contender.
pub(crate) fn command(question: &str, contender: &str) -> Result<Command, String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(this);
    command.env(QUESTION, format!("{question}|{contender}"));
    Ok(command)
}

/// In a process that was started for a question, does the work, prints the
/// answer and says `true`.
pub fn answer_if_asked() -> bool {
    let Ok(asked) = env::var(QUESTION) else {
        return false;
    };
    let (question, contender) = asked.split_once('|').unwrap_or((&asked, ""));
    #[cfg(feature = "llm")]
    if question == crate::llm::QUESTION {
        match crate::llm::answer(contender) {
            Ok(found) => println!("{found}"),
            Err(why) => eprintln!("{why}"),
        }
        return true;
    }
    if question == program::QUESTION {
        program::answer(contender);
    } else if let Some(bytes) = memory::answer(question, contender) {
        println!("{bytes}");
    }
    true
}
