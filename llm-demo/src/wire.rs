//! The API's JSON, read as leniently as servers write it.
//!
//! **Invariant:** a field that is missing, null or unknown is no error; only
//! what cannot be understood at all is.
//!
//! Called by `stream` and `client`. The dialects that it takes are in the
//! tests: no `created`, null content, an error that is a string, a usage chunk
//! with choices, `message` or `text` in place of `delta`.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::{ApiError, Error};

/// How many tokens a request took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Usage {
    /// In the question.
    #[serde(deserialize_with = "count")]
    pub prompt_tokens: u64,
    /// In the answer.
    #[serde(deserialize_with = "count")]
    pub completion_tokens: u64,
    /// In both.
    #[serde(deserialize_with = "count")]
    pub total_tokens: u64,
}

/// A count may be null, or written as `3.0`.
fn count<'de, D: Deserializer<'de>>(json: D) -> Result<u64, D::Error> {
    let number = Option::<f64>::deserialize(json)?;
    Ok(number.map_or(0, |number| number as u64)) // saturates
}

/// A chunk of a stream, or a whole answer: they differ in one field's name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chunk {
    pub(crate) model: Option<String>,
    choices: Option<Vec<Choice>>,
    pub(crate) usage: Option<Usage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choice {
    index: Option<usize>,
    delta: Option<Delta>,
    message: Option<Delta>,
    /// The older `/completions`.
    text: Option<String>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Delta {
    content: Option<Content>,
    pub(crate) tool_calls: Option<Vec<ToolFragment>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Value>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ToolFragment {
    pub(crate) index: Option<usize>,
    pub(crate) id: Option<String>,
    pub(crate) function: Option<FunctionFragment>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FunctionFragment {
    pub(crate) name: Option<String>,
    pub(crate) arguments: Option<String>,
}

impl Chunk {
    /// Reads a chunk, which may be an error instead.
    pub(crate) fn read(text: &str) -> Result<Chunk, Error> {
        // Nearly every chunk is one: look for an error only where one may be.
        if text.contains("\"error\"") {
            let json: Value = serde_json::from_str(text).map_err(|_| no_json(text))?;
            if let Some(error) = truthy_error(&json) {
                return Err(error.into());
            }
        }
        serde_json::from_str(text).map_err(|_| no_json(text))
    }

    /// The answer. If several were asked for, the first.
    pub(crate) fn into_choice(self) -> Option<Choice> {
        let mut choices = self.choices.into_iter().flatten();
        choices.find(|choice| choice.index.unwrap_or(0) == 0)
    }
}

impl Choice {
    /// Why the model stopped, if it did. Some servers say "" until then.
    pub(crate) fn take_finish_reason(&mut self) -> Option<String> {
        self.finish_reason
            .take()
            .filter(|reason| !reason.is_empty())
    }

    /// The new text and the new pieces of tool calls.
    pub(crate) fn into_parts(self) -> (String, Vec<ToolFragment>) {
        let delta = self.delta.or(self.message).unwrap_or_default();
        let text = match delta.content {
            Some(Content::Text(text)) => text,
            Some(Content::Parts(parts)) => parts
                .iter()
                .filter_map(|part| part["text"].as_str())
                .collect(),
            None => self.text.unwrap_or_default(),
        };
        (text, delta.tool_calls.unwrap_or_default())
    }
}

/// The error in an event or an answer that has the status of a success.
fn truthy_error(json: &Value) -> Option<ApiError> {
    match json.get("error")? {
        Value::Null | Value::Bool(false) => None,
        Value::String(text) if text.is_empty() => None,
        _ => Some(describe(json)),
    }
}

/// What the body of a refusal says, whatever its form.
pub(crate) fn refusal(status: u16, body: &str) -> ApiError {
    let mut error = match serde_json::from_str::<Value>(body) {
        Ok(json) => describe(&json),
        Err(_) => ApiError {
            message: shorten(body),
            ..ApiError::default()
        },
    };
    if error.message.is_empty() {
        error.message = "the server gives no reason".into();
    }
    // A code that only repeats the status says nothing.
    error.code = error.code.filter(|code| *code != status.to_string());
    error.status = Some(status);
    error
}

fn describe(json: &Value) -> ApiError {
    let error = &json["error"];
    let object = if error.is_object() { error } else { json };
    let field = |name: &str| match &object[name] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let mut code = field("code");
    let message = match (field("message"), error.as_str()) {
        (Some(message), named) => {
            code = code.or(named.map(Into::into));
            message
        }
        (None, Some(text)) => text.into(),
        (None, None) => field("detail").unwrap_or_else(|| object.to_string()),
    };
    ApiError {
        message: shorten(&message),
        kind: field("type"),
        code,
        param: field("param"),
        ..ApiError::default()
    }
}

fn no_json(text: &str) -> Error {
    Error::Protocol(format!(
        "the server sent something that is no answer: `{}`",
        shorten(text)
    ))
}

/// One line of at most 300 characters.
fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
