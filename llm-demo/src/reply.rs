//! What the model says: whole, or so far.
//!
//! **Invariant:** every reply of a stream holds all that came up to it, and
//! what came after it never changes it.
//!
//! Gathered by `stream` and `client`, and by callers with events of their own.

use std::rc::Rc;

use crate::error::Error;
use crate::message::{ChatMessage, ToolCall};
use crate::wire::{Chunk, ToolFragment, Usage};

/// An answer, or one step of it (LlamaIndex: `ChatResponse`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatResponse {
    /// The text that is new. Empty in the steps that bring something else.
    pub delta: String,
    /// All that was said so far.
    pub message: Rc<ChatMessage>,
    /// Why the model stopped: `stop`, `length`, `tool_calls`,
    /// `content_filter`. `None` while it goes on.
    pub finish_reason: Option<String>,
    /// The tokens that it took. Servers that tell do so in the last step.
    pub usage: Option<Usage>,
    /// The model that answers, by the server's own account.
    pub model: Option<String>,
}

/// An answer to a prompt, or one step of it (LlamaIndex:
/// `CompletionResponse`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompletionResponse {
    /// The text that is new.
    pub delta: String,
    /// As in [`ChatResponse`]; its content is the text so far.
    pub message: Rc<ChatMessage>,
    /// As in [`ChatResponse`].
    pub finish_reason: Option<String>,
    /// As in [`ChatResponse`].
    pub usage: Option<Usage>,
}

impl CompletionResponse {
    /// All the text so far (LlamaIndex: `response.text`).
    pub fn text(&self) -> &str {
        &self.message.content
    }
}

impl From<ChatResponse> for CompletionResponse {
    fn from(reply: ChatResponse) -> Self {
        CompletionResponse {
            delta: reply.delta,
            message: reply.message,
            finish_reason: reply.finish_reason,
            usage: reply.usage,
        }
    }
}

/// Puts the pieces of an answer together: all of a [`ChatStream`] but the
/// socket, for a connection of another kind.
///
/// ```
/// let mut gathered = llm_demo::Gathered::new();
/// let event = r#"{"choices":[{"delta":{"content":"Once"}}]}"#;
/// let reply = gathered.read(event)?.expect("it has text");
/// assert_eq!((&*reply.delta, reply.message.content()), ("Once", "Once"));
/// # Ok::<(), llm_demo::Error>(())
/// ```
///
/// [`ChatStream`]: crate::ChatStream
#[derive(Debug)]
pub struct Gathered {
    pub(crate) message: Rc<ChatMessage>,
    pub(crate) finish_reason: Option<String>,
    pub(crate) usage: Option<Usage>,
    pub(crate) model: Option<String>,
    pub(crate) deltas: usize,
}

impl Default for Gathered {
    fn default() -> Self {
        Gathered::new()
    }
}

impl Gathered {
    /// Nothing yet.
    pub fn new() -> Self {
        Gathered {
            message: Rc::new(ChatMessage::assistant("")),
            finish_reason: None,
            usage: None,
            model: None,
            deltas: 0,
        }
    }

    /// Adds what one event has as its data. Returns `None` if it brought nothing
    /// new, like the first one, which only names the role.
    ///
    /// # Errors
    ///
    /// If it is an error, or nothing that a server of this API sends.
    pub fn read(&mut self, data: &str) -> Result<Option<ChatResponse>, Error> {
        self.add(Chunk::read(data)?)
    }

    /// All that came so far.
    pub fn message(&self) -> &ChatMessage {
        &self.message
    }

    /// Adds a chunk. Returns `None` if it brought nothing new, like the first
    /// one, which only names the role.
    pub(crate) fn add(&mut self, mut chunk: Chunk) -> Result<Option<ChatResponse>, Error> {
        let usage = chunk.usage.take();
        let model = chunk.model.take();
        let mut choice = chunk.into_choice().unwrap_or_default();
        let finish_reason = choice.take_finish_reason();
        let (delta, fragments) = choice.into_parts();
        let news = !delta.is_empty()
            || !fragments.is_empty()
            || usage.is_some()
            || finish_reason.is_some();
        self.usage = usage.or(self.usage);
        self.model = model.or(self.model.take());
        self.finish_reason = finish_reason.or(self.finish_reason.take());
        if !delta.is_empty() || !fragments.is_empty() {
            self.deltas += 1;
            // Copies only if the caller kept the last reply; else a long answer
            // costs its length, not the square of it.
            let message = Rc::make_mut(&mut self.message);
            message.content.push_str(&delta);
            for fragment in fragments {
                merge(&mut message.tool_calls, fragment)?;
            }
        }
        Ok(news.then(|| self.reply(delta)))
    }

    /// What is there, as a reply.
    pub(crate) fn reply(&self, delta: String) -> ChatResponse {
        ChatResponse {
            delta,
            message: Rc::clone(&self.message),
            finish_reason: self.finish_reason.clone(),
            usage: self.usage,
            model: self.model.clone(),
        }
    }
}

/// Far more calls than a model makes; an index beyond it is a mistake.
const MOST_CALLS: usize = 1024;

/// Adds a piece to the call that it belongs to: by its index, or, where a
/// server gives none, by its id, or to the last one.
fn merge(calls: &mut Vec<ToolCall>, fragment: ToolFragment) -> Result<(), Error> {
    let by_id = fragment.id.as_ref().filter(|id| !id.is_empty());
    let at = fragment.index.unwrap_or_else(|| match by_id {
        Some(id) => calls
            .iter()
            .position(|call| call.id == *id)
            .unwrap_or(calls.len()),
        None => calls.len().saturating_sub(1),
    });
    if at >= MOST_CALLS {
        let text = format!("the server sent a piece of tool call number {at}: that cannot be");
        return Err(Error::Protocol(text));
    }
    if at >= calls.len() {
        calls.resize_with(at + 1, ToolCall::default);
    }
    let call = &mut calls[at];
    if let Some(id) = fragment.id.filter(|id| !id.is_empty()) {
        call.id = id;
    }
    let function = fragment.function.unwrap_or_default();
    if let Some(name) = function.name.filter(|name| !name.is_empty()) {
        call.name = name;
    }
    call.arguments
        .push_str(&function.arguments.unwrap_or_default());
    Ok(())
}
