//! What is said, and by whom.
//!
//! **Invariant:** a message that was made can be sent: what cannot be is
//! refused when it is turned into one.
//!
//! Given by users, sent by `client`, gathered by `reply`.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::error::Error;

/// The speaker of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// The program that set the conversation up.
    System,
    /// The same, in the words of newer models.
    Developer,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool that the model called.
    Tool,
    /// Another one; the server may know it.
    Other(String),
}

impl Role {
    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Role::System => "system",
            Role::Developer => "developer",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
            Role::Other(name) => name,
        }
    }
}

impl From<&str> for Role {
    fn from(name: &str) -> Self {
        match name {
            "system" => Role::System,
            "developer" => Role::Developer,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "tool" => Role::Tool,
            other => Role::Other(other.into()),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A function that the model wants called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// What the answer of the tool has to quote.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// Its arguments, as JSON text. The model wrote it: it may be wrong.
    pub arguments: String,
}

/// One message of a conversation (LlamaIndex: `ChatMessage`).
///
/// ```
/// use llm_demo::ChatMessage;
///
/// let message = ChatMessage::user("Tell me a story");
/// assert_eq!(message.to_string(), "user: Tell me a story");
/// assert_eq!(message, ("user", "Tell me a story").into());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatMessage {
    /// The speaker.
    pub role: Role,
    /// The text.
    pub content: String,
    /// The functions that an assistant wants called.
    pub tool_calls: Vec<ToolCall>,
    /// Which call a tool answers.
    pub tool_call_id: Option<String>,
}

impl ChatMessage {
    /// A message of any role.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        ChatMessage {
            role,
            content: content.into(),
            tool_calls: Vec::new(),
            tool_call_id: None,
        }
    }

    /// What the person says.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new(Role::User, content)
    }

    /// What holds for the whole conversation.
    pub fn system(content: impl Into<String>) -> Self {
        Self::new(Role::System, content)
    }

    /// What the model said.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new(Role::Assistant, content)
    }

    /// What a tool answered to the call with this id.
    pub fn tool(call_id: impl Into<String>, content: impl Into<String>) -> Self {
        ChatMessage {
            tool_call_id: Some(call_id.into()),
            ..Self::new(Role::Tool, content)
        }
    }

    /// The text (LlamaIndex: `message.content`).
    pub fn content(&self) -> &str {
        &self.content
    }

    /// The message as the API has it.
    pub(crate) fn to_json(&self) -> Value {
        let mut json = json!({ "role": self.role.as_str(), "content": self.content });
        if !self.tool_calls.is_empty() {
            json["tool_calls"] = self.tool_calls.iter().map(ToolCall::to_json).collect();
            if self.content.is_empty() {
                json["content"] = Value::Null;
            }
        }
        if let Some(id) = &self.tool_call_id {
            json["tool_call_id"] = json!(id);
        }
        json
    }
}

impl ToolCall {
    fn to_json(&self) -> Value {
        let function = json!({ "name": self.name, "arguments": self.arguments });
        json!({ "id": self.id, "type": "function", "function": function })
    }

    fn from_json(json: &Value) -> Result<Self, Error> {
        let function = &json["function"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let parts = (text(&json["id"]), text(&function["name"]));
        let (Some(id), Some(name)) = parts else {
            return Err(bad(json, "a tool call needs an id and a function's name"));
        };
        let arguments = text(&function["arguments"]).unwrap_or_default();
        Ok(ToolCall {
            id,
            name,
            arguments,
        })
    }
}

impl fmt::Display for ChatMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.role, self.content)
    }
}

impl<R: AsRef<str>, C: Into<String>> From<(R, C)> for ChatMessage {
    fn from((role, content): (R, C)) -> Self {
        ChatMessage::new(role.as_ref().into(), content)
    }
}

impl From<&ChatMessage> for ChatMessage {
    fn from(message: &ChatMessage) -> Self {
        message.clone()
    }
}

impl TryFrom<Value> for ChatMessage {
    type Error = Error;

    fn try_from(json: Value) -> Result<Self, Error> {
        let fields = json.as_object();
        let role = fields.and_then(|fields| fields.get("role")?.as_str());
        let (Some(fields), Some(role)) = (fields, role) else {
            return Err(bad(&json, r#"write {"role": "user", "content": "..."}"#));
        };
        let calls = fields.get("tool_calls").and_then(Value::as_array);
        let calls = calls.into_iter().flatten().map(ToolCall::from_json);
        Ok(ChatMessage {
            role: role.into(),
            content: content(fields)?,
            tool_calls: calls.collect::<Result<_, _>>()?,
            tool_call_id: fields
                .get("tool_call_id")
                .and_then(Value::as_str)
                .map(Into::into),
        })
    }
}

/// A text, nothing, or parts of which all are text.
fn content(fields: &Map<String, Value>) -> Result<String, Error> {
    match fields.get("content") {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().map(|part| {
                let text = part["text"].as_str();
                text.ok_or_else(|| bad(part, "only parts of text can be sent"))
            });
            Ok(texts.collect::<Result<Vec<_>, _>>()?.join("\n"))
        }
        Some(other) => Err(bad(other, "a message's content is a text")),
    }
}

fn bad(json: &Value, advice: &str) -> Error {
    Error::Config(format!("`{json}` is not a message: {advice}"))
}

/// What a conversation can be given as: tuples, [`ChatMessage`]s or a JSON
/// literal, in an array, a `Vec` or a slice.
///
/// ```
/// use llm_demo::{ChatMessage, IntoMessages};
/// use serde_json::json;
///
/// let tuples = [("user", "Hello")].into_messages().unwrap();
/// assert_eq!(tuples, [ChatMessage::user("Hello")]);
/// let literal = json!([{"role": "user", "content": "Hello"}]);
/// assert_eq!(literal.into_messages().unwrap(), tuples);
/// assert!(json!([{"rule": "user"}]).into_messages().is_err());
/// ```
pub trait IntoMessages {
    /// The messages, in their order.
    ///
    /// # Errors
    ///
    /// If JSON does not say what a message says.
    fn into_messages(self) -> Result<Vec<ChatMessage>, Error>;
}

impl<T> IntoMessages for Vec<T>
where
    T: TryInto<ChatMessage>,
    Error: From<T::Error>,
{
    fn into_messages(self) -> Result<Vec<ChatMessage>, Error> {
        let messages = self.into_iter().map(T::try_into);
        Ok(messages.collect::<Result<_, _>>()?)
    }
}

impl<T, const N: usize> IntoMessages for [T; N]
where
    T: TryInto<ChatMessage>,
    Error: From<T::Error>,
{
    fn into_messages(self) -> Result<Vec<ChatMessage>, Error> {
        Vec::from(self).into_messages()
    }
}

impl<T> IntoMessages for &[T]
where
    T: TryInto<ChatMessage> + Clone,
    Error: From<T::Error>,
{
    fn into_messages(self) -> Result<Vec<ChatMessage>, Error> {
        self.to_vec().into_messages()
    }
}

impl<T> IntoMessages for &Vec<T>
where
    T: TryInto<ChatMessage> + Clone,
    Error: From<T::Error>,
{
    fn into_messages(self) -> Result<Vec<ChatMessage>, Error> {
        self.as_slice().into_messages()
    }
}

impl IntoMessages for Value {
    fn into_messages(self) -> Result<Vec<ChatMessage>, Error> {
        match self {
            Value::Array(messages) => messages.into_messages(),
            other => Err(bad(&other, "write a list of messages")),
        }
    }
}
