//! Answers in a process that was started for one question (see `child`).
//!
//! Every program that measures calls [`answer_if_asked`] first in its `main`.

use crate::child;
use crate::groups::program;
#[cfg(feature = "llm")]
use crate::passes::llm;
use crate::passes::memory;

/// Does the work for the question that this process was started for, prints the
/// answer and returns `true`; without a question, returns `false`.
pub fn answer_if_asked() -> bool {
    let Some((question, contender)) = child::question() else {
        return false;
    };
    match &*question {
        program::QUESTION => program::answer(&contender),
        #[cfg(feature = "llm")]
        llm::QUESTION => match llm::answer(&contender) {
            Ok(found) => println!("{found}"),
            Err(why) => eprintln!("{why}"),
        },
        row => {
            if let Some(bytes) = memory::answer(row, &contender) {
                println!("{bytes}");
            }
        }
    }
    true
}
