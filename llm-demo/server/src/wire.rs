//! What the server sends, as OpenAI's API spells it, fields in its order.
//!
//! Invariant: a field that OpenAI always sends is always there, as `null` if
//! need be. Called by `stream` and `routes`.

use serde::Serialize;

/// How many tokens went in and came out. This server's tokens are words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Usage {
    pub(crate) prompt_tokens: usize,
    pub(crate) completion_tokens: usize,
    pub(crate) total_tokens: usize,
}

impl Usage {
    pub(crate) fn new(prompt_tokens: usize, completion_tokens: usize) -> Self {
        Usage {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens + completion_tokens,
        }
    }
}

/// A whole answer, or one event of a streamed one.
#[derive(Serialize)]
pub(crate) struct Envelope<'a, C> {
    pub(crate) id: &'a str,
    pub(crate) object: &'static str,
    pub(crate) created: u64,
    pub(crate) model: &'a str,
    pub(crate) system_fingerprint: &'a str,
    pub(crate) choices: Vec<C>,
    /// In streams: not there if not asked for, else `null` until the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<Option<Usage>>,
}

/// The choice of an event of a chat.
#[derive(Serialize)]
pub(crate) struct Delta {
    pub(crate) index: u32,
    pub(crate) delta: Piece,
    pub(crate) logprobs: Option<()>,
    pub(crate) finish_reason: Option<&'static str>,
}

/// What an event of a chat brings.
#[derive(Default, Serialize)]
pub(crate) struct Piece {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_calls: Option<[CallPiece; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refusal: Option<Option<()>>,
}

/// A piece of a tool call: the first has its name, the others more arguments.
#[derive(Serialize)]
pub(crate) struct CallPiece {
    pub(crate) index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<&'static str>,
    pub(crate) function: FunctionPiece,
}

/// The function's part of it.
#[derive(Serialize)]
pub(crate) struct FunctionPiece {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) arguments: String,
}

/// The choice of a whole chat answer.
#[derive(Serialize)]
pub(crate) struct Choice {
    pub(crate) index: u32,
    pub(crate) message: Reply,
    pub(crate) logprobs: Option<()>,
    pub(crate) finish_reason: &'static str,
}

/// A whole message.
#[derive(Serialize)]
pub(crate) struct Reply {
    pub(crate) role: &'static str,
    pub(crate) content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_calls: Option<[CallPiece; 1]>,
    pub(crate) refusal: Option<()>,
}

/// The choice of a legacy completion, whole or streamed.
#[derive(Serialize)]
pub(crate) struct TextChoice {
    pub(crate) text: String,
    pub(crate) index: u32,
    pub(crate) logprobs: Option<()>,
    pub(crate) finish_reason: Option<&'static str>,
}

/// A list of things.
#[derive(Serialize)]
pub(crate) struct List<T> {
    pub(crate) object: &'static str,
    pub(crate) data: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<PromptUsage>,
}

/// The counts of a request that generates nothing.
#[derive(Serialize)]
pub(crate) struct PromptUsage {
    pub(crate) prompt_tokens: usize,
    pub(crate) total_tokens: usize,
}

/// A model, as listed. `description` is this server's own field.
#[derive(Clone, Serialize)]
pub(crate) struct Model {
    pub(crate) id: String,
    pub(crate) object: &'static str,
    pub(crate) created: u64,
    pub(crate) owned_by: &'static str,
    pub(crate) description: &'static str,
}

/// One embedding.
#[derive(Serialize)]
pub(crate) struct Embedding {
    pub(crate) object: &'static str,
    pub(crate) index: usize,
    pub(crate) embedding: Vector,
}

/// Its numbers.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Vector {
    Floats(Vec<f32>),
    /// Little-endian `f32`s.
    Base64(String),
}
