//! Answers for prompts that carry their context: its sentences, ranked.
//!
//! Invariant: an answer holds nothing that does not stand in the context, word
//! for word. Called by `model`.

use crate::ranking::{Bm25, sentences, terms};

/// How many sentences an answer has at most.
const SENTENCES: usize = 3;

/// The answer, if there is a context in the prompt: text between two lines of
/// dashes, as LlamaIndex and `aquery` write it. The question is what follows
/// `Query:`, or else the last line that is not empty.
pub(crate) fn extract(prompt: &str) -> Option<String> {
    let (context, question) = parts(prompt)?;
    let candidates = sentences(&prose(&context));
    let bm25 = Bm25::new(candidates.iter().map(|sentence| terms(sentence)));
    let mut best = bm25.best(&terms(&question), SENTENCES);
    best.sort_by_key(|(number, _)| *number); // as they stand in the context
    if best.is_empty() {
        return Some("The context does not say.".into());
    }
    let chosen: Vec<_> = best
        .iter()
        .map(|(number, _)| candidates[*number].as_str())
        .collect();
    Some(chosen.join(" "))
}

/// Returns the prose of a context: without code, tables, and the lines that
/// name a source.
fn prose(context: &str) -> String {
    let mut in_code = false;
    let spoken = context.lines().filter(|line| {
        let line = line.trim_start();
        let fence = line.starts_with("```");
        in_code ^= fence;
        !in_code && !fence && !line.starts_with(['|', '['])
    });
    spoken.collect::<Vec<_>>().join("\n")
}

fn parts(prompt: &str) -> Option<(String, String)> {
    let lines: Vec<&str> = prompt.lines().collect();
    let fence = |line: &&str| line.len() >= 5 && line.trim_end().bytes().all(|byte| byte == b'-');
    let open = lines.iter().position(fence)?;
    let length = lines[open + 1..].iter().position(fence)?;
    let context = lines[open + 1..open + 1 + length].join("\n");
    let rest = &lines[open + length + 2..];
    let query = rest.iter().position(|line| line.starts_with("Query:"));
    let question = match query {
        Some(at) => {
            let end = rest[at..]
                .iter()
                .position(|line| line.starts_with("Answer:"));
            let end = end.map_or(rest.len(), |length| at + length);
            rest[at..end].join(" ").replacen("Query:", "", 1)
        }
        None => rest
            .iter()
            .rfind(|line| !line.trim().is_empty())?
            .to_string(),
    };
    Some((context, question))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPT: &str = "This is what is known.\n\
        ---------------------\n\
        [1] a.md:Who waits for bread\n\n\
        The heron waits for fish. A loop polls its tasks. Bread is baked\nby noon.\n\
        ```\nbread()\n```\n\
        ---------------------\n\
        Say nothing else.\n\
        Query: Who bakes bread?\nAnswer: ";

    #[test]
    fn the_answer_is_the_sentence_that_fits() {
        assert_eq!(extract(PROMPT).unwrap(), "Bread is baked by noon.");
    }

    #[test]
    fn sentences_that_fit_stand_in_the_order_of_the_context() {
        let prompt = PROMPT.replace("Who bakes bread?", "bread or a heron?");
        let both = "The heron waits for fish. Bread is baked by noon.";
        assert_eq!(extract(&prompt).unwrap(), both);
    }

    #[test]
    fn a_context_that_does_not_say_is_said_not_to() {
        let prompt = PROMPT.replace("Who bakes bread?", "Which moon?");
        assert_eq!(extract(&prompt).unwrap(), "The context does not say.");
    }

    #[test]
    fn a_prompt_without_context_is_not_for_this_model() {
        assert_eq!(extract("Tell me a story"), None);
        assert_eq!(extract("-----\nonly one fence"), None);
    }
}
