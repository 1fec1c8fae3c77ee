//! What the events of one answer have in common, and how each is spelled.
//!
//! Invariant: every answer, whole or streamed, chat or legacy, is put into
//! words here and nowhere else. Called by `stream` and `whole`.

use crate::model::Part;
use crate::wire::{
    CallPiece, Choice, Delta, Envelope, FunctionPiece, Piece, Reply, TextChoice, Usage,
};

/// `model` and this say that it is no model of OpenAI's.
const FINGERPRINT: &str = "fp_llm_demo";

/// Which of the two addresses was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `/chat/completions`
    Chat,
    /// `/completions`
    Text,
}

/// What stands in every event of an answer.
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) model: String,
    pub(crate) wants_usage: bool,
}

impl Head {
    fn envelope<C>(&self, object: &'static str, choices: Vec<C>) -> Envelope<'_, C> {
        Envelope {
            id: &self.id,
            object,
            created: self.created,
            model: &self.model,
            system_fingerprint: FINGERPRINT,
            choices,
            usage: None,
        }
    }

    fn event<C: serde::Serialize>(&self, choices: Vec<C>, usage: Option<Usage>) -> String {
        let object = match self.kind {
            Kind::Chat => "chat.completion.chunk",
            Kind::Text => "text_completion",
        };
        let mut envelope = self.envelope(object, choices);
        envelope.usage = self.wants_usage.then_some(usage);
        json(&envelope)
    }

    /// The event that opens a chat: the role of the speaker.
    pub(crate) fn opening(&self) -> String {
        let piece = Piece {
            role: Some("assistant"),
            content: Some(Some(String::new())),
            refusal: Some(None),
            ..Piece::default()
        };
        self.event(vec![delta(piece, None)], None)
    }

    /// The event of one token.
    pub(crate) fn part(&self, part: Part) -> String {
        if self.kind == Kind::Text {
            let choice = text_choice(text_of(part), None);
            return self.event(vec![choice], None);
        }
        let mut piece = Piece::default();
        match part {
            Part::Text(text) => piece.content = Some(Some(text)),
            Part::Call(name) => piece.tool_calls = Some([self.call(name, String::new())]),
            Part::Arguments(arguments) => {
                piece.tool_calls = Some([CallPiece {
                    index: 0,
                    id: None,
                    kind: None,
                    function: FunctionPiece {
                        name: None,
                        arguments,
                    },
                }]);
            }
        }
        self.event(vec![delta(piece, None)], None)
    }

    /// The event that says why it ended.
    pub(crate) fn finish(&self, reason: &'static str) -> String {
        match self.kind {
            Kind::Chat => self.event(vec![delta(Piece::default(), Some(reason))], None),
            Kind::Text => self.event(vec![text_choice(String::new(), Some(reason))], None),
        }
    }

    /// The event with the counts.
    pub(crate) fn usage(&self, usage: Usage) -> String {
        self.event(Vec::<Delta>::new(), Some(usage))
    }

    /// A whole answer.
    pub(crate) fn whole(&self, parts: Vec<Part>, reason: &'static str, usage: Usage) -> String {
        if self.kind == Kind::Text {
            let text = parts.into_iter().map(text_of).collect();
            let mut envelope =
                self.envelope("text_completion", vec![text_choice(text, Some(reason))]);
            envelope.usage = Some(Some(usage));
            return json(&envelope);
        }
        let choice = Choice {
            index: 0,
            message: self.reply(parts),
            logprobs: None,
            finish_reason: reason,
        };
        let mut envelope = self.envelope("chat.completion", vec![choice]);
        envelope.usage = Some(Some(usage));
        json(&envelope)
    }

    fn reply(&self, parts: Vec<Part>) -> Reply {
        let (mut text, mut name, mut arguments) = (String::new(), None, String::new());
        for part in parts {
            match part {
                Part::Text(piece) => text.push_str(&piece),
                Part::Call(called) => name = Some(called),
                Part::Arguments(piece) => arguments.push_str(&piece),
            }
        }
        Reply {
            role: "assistant",
            content: name.is_none().then_some(text),
            tool_calls: name.map(|name| [self.call(name, arguments)]),
            refusal: None,
        }
    }

    fn call(&self, name: String, arguments: String) -> CallPiece {
        CallPiece {
            index: 0,
            id: Some(self.id.replace("chatcmpl-", "call_")),
            kind: Some("function"),
            function: FunctionPiece {
                name: Some(name),
                arguments,
            },
        }
    }
}

fn delta(delta: Piece, finish_reason: Option<&'static str>) -> Delta {
    Delta {
        index: 0,
        delta,
        logprobs: None,
        finish_reason,
    }
}

fn text_choice(text: String, finish_reason: Option<&'static str>) -> TextChoice {
    TextChoice {
        text,
        index: 0,
        logprobs: None,
        finish_reason,
    }
}

/// A legacy completion has nothing but text.
fn text_of(part: Part) -> String {
    match part {
        Part::Text(text) | Part::Arguments(text) => text,
        Part::Call(_) => String::new(),
    }
}

/// Numbers and strings always fit into JSON.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data")
}
