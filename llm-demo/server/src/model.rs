//! The embedded model: what it answers, token by token, and what it honestly is.
//!
//! Invariant: the same seed and the same messages give the same answer. Nothing
//! is generated before it is asked for, so a dropped answer costs no more.
//! Called by `routes` and `stream`.

use std::rc::Rc;

use executor::to_thread;
use fastrand::Rng;

use crate::error::ApiError;
use crate::extract::extract;
use crate::hash::fnv1a;
use crate::ngram::Ngram;
use crate::request::{Completion, Tool};
use crate::stops::UntilStop;
use crate::wire::{self, Usage};

/// To go through this many bytes takes some ten milliseconds; what is longer is
/// done on another thread.
pub(crate) const LONG: usize = 32 * 1024;

/// What it says about itself on stderr.
pub(crate) const WHAT_IT_IS: &str = "embedded model: counts which word follows which two in 13 fables, \
    no neural network; set OPENAI_BASE_URL and OPENAI_API_KEY for a real one";

const OWNER: &str = "llm-demo (n-gram, not a neural network)";

/// The models that are listed. Any other name is taken too and means the same.
pub(crate) fn listed(created: u64) -> [wire::Model; 3] {
    let texts = [
        (
            "demo-ngram",
            "Tells stories: a seeded trigram model, trained at start on fables written for llm-demo. \
             Sampling parameters are ignored, except `seed`.",
        ),
        (
            "demo-extract",
            "Answers prompts that carry their context: its best sentences by BM25, word for word.",
        ),
        (
            "demo-embed",
            "Embeddings of 256 numbers: hashed words and pieces of words, scaled to length 1.",
        ),
    ];
    texts.map(|(id, description)| described(id, description, created))
}

/// A model of any name, as `GET /v1/models/{name}` tells it.
pub(crate) fn any(name: &str, created: u64) -> wire::Model {
    let listed = listed(created).into_iter().find(|model| model.id == name);
    let text = "Any name is taken; what answers is demo-ngram, demo-extract or demo-embed.";
    listed.unwrap_or_else(|| described(name, text, created))
}

fn described(id: &str, description: &'static str, created: u64) -> wire::Model {
    wire::Model {
        id: id.to_string(),
        object: "model",
        created,
        owned_by: OWNER,
        description,
    }
}

/// A piece of an answer; each counts as one token.
pub(crate) enum Part {
    /// Text.
    Text(String),
    /// A tool call begins: the function's name.
    Call(String),
    /// More of the call's arguments.
    Arguments(String),
}

/// An answer that is made while it is read.
pub(crate) struct Answer {
    parts: Box<dyn Iterator<Item = Part>>,
    limit: usize,
    made: usize,
    prompt_tokens: usize,
    finish: &'static str,
}

/// The models of one server.
pub(crate) struct Models {
    ngram: Rc<Ngram>,
    seed: u64,
}

impl Models {
    pub(crate) fn new(seed: u64) -> Self {
        Models {
            ngram: Rc::new(Ngram::train()),
            seed,
        }
    }

    /// Answers a chat.
    pub(crate) async fn chat(&self, request: &Completion) -> Result<Answer, ApiError> {
        let messages = request.messages()?;
        let texts: Vec<String> = messages.iter().map(|message| message.text()).collect();
        let all = texts.join("\n");
        let mut answer = if let Some(tool) = request.tool_to_call() {
            call(tool)
        } else if messages
            .last()
            .is_some_and(|message| message.role == "tool")
        {
            let said = texts.last().map_or("", |text| text.trim());
            told(
                words(&format!("The tool answered: {said}")),
                request.stops(),
            )
        } else {
            let asked = messages.iter().rposition(|message| message.role == "user");
            self.text(&all, &texts[asked.unwrap_or(texts.len() - 1)], request)
                .await
        };
        answer.prompt_tokens = all.split_whitespace().count();
        answer.limit = request.limit()?;
        Ok(answer)
    }

    /// Continues a prompt.
    pub(crate) async fn complete(&self, request: &Completion) -> Result<Answer, ApiError> {
        let prompt = request.prompt()?;
        let mut answer = self.text(&prompt, &prompt, request).await;
        answer.prompt_tokens = prompt.split_whitespace().count();
        answer.limit = request.limit()?;
        Ok(answer)
    }

    /// `all` is what the model may know, `asked` what it is asked last.
    async fn text(&self, all: &str, asked: &str, request: &Completion) -> Answer {
        if let Some(extract) = extracted(all).await {
            return told(words(&extract), request.stops());
        }
        let rng = self.rng(all, request);
        told(self.ngram.story(asked, rng), request.stops())
    }

    /// The generator for a request: from the server's seed, the request's and
    /// the text.
    pub(crate) fn rng(&self, text: &str, request: &Completion) -> Rng {
        let seed = request
            .seed
            .map_or(self.seed, |seed| self.seed ^ seed as u64);
        Rng::with_seed(fnv1a(seed, text.bytes()))
    }
}

impl Answer {
    fn new(parts: impl Iterator<Item = Part> + 'static, finish: &'static str) -> Self {
        Answer {
            parts: Box::new(parts),
            limit: usize::MAX,
            made: 0,
            prompt_tokens: 0,
            finish,
        }
    }

    /// The next piece.
    pub(crate) fn next(&mut self) -> Option<Part> {
        if self.made == self.limit {
            // Is there more? Then the limit ended it.
            if self.parts.next().is_some() {
                self.finish = "length";
            }
            self.limit = usize::MAX;
            self.parts = Box::new(std::iter::empty());
            return None;
        }
        let part = self.parts.next()?;
        self.made += 1;
        Some(part)
    }

    /// How many pieces there were so far.
    pub(crate) fn made(&self) -> usize {
        self.made
    }

    /// Why it ended; to be asked after the last piece.
    pub(crate) fn finish_reason(&self) -> &'static str {
        self.finish
    }

    /// The counts so far.
    pub(crate) fn usage(&self) -> Usage {
        Usage::new(self.prompt_tokens, self.made)
    }
}

fn told(tokens: impl Iterator<Item = String> + 'static, stops: Vec<String>) -> Answer {
    if stops.is_empty() {
        return Answer::new(tokens.map(Part::Text), "stop");
    }
    Answer::new(UntilStop::new(tokens, stops).map(Part::Text), "stop")
}

/// Searches a context, on another thread if it is so long that it would block
/// the other connections.
async fn extracted(prompt: &str) -> Option<String> {
    if prompt.len() < LONG {
        return extract(prompt);
    }
    let prompt = prompt.to_string();
    to_thread(move || extract(&prompt)).await
}

/// A tool call, its arguments in pieces of five characters as the real service
/// cuts them: anywhere.
fn call(tool: &Tool) -> Answer {
    let arguments: Vec<char> = tool.arguments().chars().collect();
    let pieces: Vec<Part> = arguments
        .chunks(5)
        .map(|piece| Part::Arguments(piece.iter().collect()))
        .collect();
    let name = Part::Call(tool.name().to_string());
    Answer::new([name].into_iter().chain(pieces), "tool_calls")
}

/// A text in words, each with the white space before it.
fn words(text: &str) -> impl Iterator<Item = String> + 'static {
    let mut words = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        let blank = rest.len() - rest.trim_start().len();
        let word = rest[blank..].find(char::is_whitespace);
        let (head, tail) = rest.split_at(word.map_or(rest.len(), |at| blank + at));
        words.push(head.to_string());
        rest = tail;
    }
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_put_together_are_the_text() {
        let text = "One  two,\nthree. ";
        assert_eq!(
            words(text).collect::<Vec<_>>(),
            ["One", "  two,", "\nthree."]
        );
        assert_eq!(words("").count(), 0);
    }
}
