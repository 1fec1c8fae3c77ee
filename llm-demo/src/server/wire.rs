//! What the server sends, as OpenAI's API spells it, fields in its order.
//!
//! Invariant: a field that OpenAI always sends is always there, as `null` if
//! need be. Called by `stream` and `routes`.

use serde::Serialize;

/// How many tokens went in and came out. This server's tokens are words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Usage {
    pub(super) prompt_tokens: usize,
    pub(super) completion_tokens: usize,
    pub(super) total_tokens: usize,
}

impl Usage {
    pub(super) fn new(prompt_tokens: usize, completion_tokens: usize) -> Self {
        Usage {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens + completion_tokens,
        }
    }
}

/// A whole answer, or one event of a streamed one.
#[derive(Serialize)]
pub(super) struct Envelope<'a, C> {
    pub(super) id: &'a str,
    pub(super) object: &'static str,
    pub(super) created: u64,
    pub(super) model: &'a str,
    pub(super) system_fingerprint: &'a str,
    pub(super) choices: Vec<C>,
    /// In streams: not there if not asked for, else `null` until the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Option<Usage>>,
}

/// The choice of an event of a chat.
#[derive(Serialize)]
pub(super) struct Delta {
    pub(super) index: u32,
    pub(super) delta: Piece,
    pub(super) logprobs: Option<()>,
    pub(super) finish_reason: Option<&'static str>,
}

/// What an event of a chat brings.
#[derive(Default, Serialize)]
pub(super) struct Piece {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_calls: Option<[CallPiece; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<Option<()>>,
}

/// A piece of a tool call: the first has its name, the others more arguments.
#[derive(Serialize)]
pub(super) struct CallPiece {
    pub(super) index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    pub(super) function: FunctionPiece,
}

/// The function's part of it.
#[derive(Serialize)]
pub(super) struct FunctionPiece {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) arguments: String,
}

/// The choice of a whole chat answer.
#[derive(Serialize)]
pub(super) struct Choice {
    pub(super) index: u32,
    pub(super) message: Reply,
    pub(super) logprobs: Option<()>,
    pub(super) finish_reason: &'static str,
}

/// A whole message.
#[derive(Serialize)]
pub(super) struct Reply {
    pub(super) role: &'static str,
    pub(super) content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_calls: Option<[CallPiece; 1]>,
    pub(super) refusal: Option<()>,
}

/// The choice of a legacy completion, whole or streamed.
#[derive(Serialize)]
pub(super) struct TextChoice {
    pub(super) text: String,
    pub(super) index: u32,
    pub(super) logprobs: Option<()>,
    pub(super) finish_reason: Option<&'static str>,
}

/// A list of things.
#[derive(Serialize)]
pub(super) struct List<T> {
    pub(super) object: &'static str,
    pub(super) data: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<PromptUsage>,
}

/// The counts of a request that generates nothing.
#[derive(Serialize)]
pub(super) struct PromptUsage {
    pub(super) prompt_tokens: usize,
    pub(super) total_tokens: usize,
}

/// A model, as listed. `description` is this server's own field.
#[derive(Clone, Serialize)]
pub(super) struct Model {
    pub(super) id: String,
    pub(super) object: &'static str,
    pub(super) created: u64,
    pub(super) owned_by: &'static str,
    pub(super) description: &'static str,
}

/// One embedding.
#[derive(Serialize)]
pub(super) struct Embedding {
    pub(super) object: &'static str,
    pub(super) index: usize,
    pub(super) embedding: Vector,
}

/// Its numbers.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Vector {
    Floats(Vec<f32>),
    /// Little-endian `f32`s.
    Base64(String),
}
