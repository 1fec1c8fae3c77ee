//! What clients send, read leniently: unknown fields are ignored, `null` is as
//! good as nothing, content may be text or parts.
//!
//! Invariant: what is read here has been checked; the handlers find no surprise
//! in it. Called by `routes`.

use serde::Deserialize;
use serde_json::Value;

use crate::error::ApiError;

/// A request for a chat or a legacy completion; the fields of both.
#[derive(Deserialize)]
pub(crate) struct Completion {
    #[serde(default)]
    pub(crate) model: Option<String>,
    #[serde(default)]
    messages: Option<Vec<Message>>,
    #[serde(default)]
    prompt: Option<Value>,
    #[serde(default)]
    pub(crate) stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    max_tokens: Option<i64>,
    #[serde(default)]
    max_completion_tokens: Option<i64>,
    #[serde(default)]
    n: Option<i64>,
    #[serde(default)]
    stop: Option<OneOrMany>,
    #[serde(default)]
    pub(crate) seed: Option<i64>,
    #[serde(default)]
    tools: Option<Vec<Tool>>,
    #[serde(default)]
    tool_choice: Option<Value>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

/// One message of a conversation.
#[derive(Deserialize)]
pub(crate) struct Message {
    pub(crate) role: String,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// A function that the client offers.
#[derive(Deserialize)]
pub(crate) struct Tool {
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    parameters: Option<Value>,
}

impl Message {
    /// The text of the content; other parts are passed over.
    pub(crate) fn text(&self) -> String {
        match &self.content {
            None => String::new(),
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => {
                let texts: Vec<_> = parts
                    .iter()
                    .filter_map(|part| part.text.as_deref())
                    .collect();
                texts.join("\n")
            }
        }
    }
}

impl Completion {
    /// The model's name.
    pub(crate) fn model(&self) -> Result<&str, ApiError> {
        named(self.model.as_deref())
    }

    /// The messages, of which there is one at least.
    pub(crate) fn messages(&self) -> Result<&[Message], ApiError> {
        match self.messages.as_deref() {
            Some([]) => {
                let text = "[] is too short - 'messages'";
                Err(ApiError::bad_request(text).param("messages"))
            }
            Some(messages) => Ok(messages),
            None => {
                let text = "Missing required parameter: 'messages'.";
                let error = ApiError::bad_request(text).param("messages");
                Err(error.code("missing_required_parameter"))
            }
        }
    }

    /// The prompt of a legacy completion.
    pub(crate) fn prompt(&self) -> Result<String, ApiError> {
        match &self.prompt {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Array(texts)) if texts.len() == 1 && texts[0].is_string() => {
                Ok(texts[0].as_str().unwrap_or_default().to_string())
            }
            None | Some(Value::Null) => {
                let text = "Missing required parameter: 'prompt'.";
                let error = ApiError::bad_request(text).param("prompt");
                Err(error.code("missing_required_parameter"))
            }
            Some(_) => {
                let text = "'prompt' must be one string here; send several requests for several.";
                Err(ApiError::bad_request(text).param("prompt"))
            }
        }
    }

    /// How many tokens the answer may have.
    pub(crate) fn limit(&self) -> Result<usize, ApiError> {
        match self.max_completion_tokens.or(self.max_tokens) {
            None => Ok(usize::MAX),
            Some(n) if n >= 1 => Ok(n as usize),
            Some(n) => {
                let text = format!("Invalid 'max_tokens': {n} is less than 1.");
                Err(ApiError::bad_request(text).param("max_tokens"))
            }
        }
    }

    /// The texts at which the answer ends.
    pub(crate) fn stops(&self) -> Vec<String> {
        let all = match &self.stop {
            None => Vec::new(),
            Some(OneOrMany::One(text)) => vec![text.clone()],
            Some(OneOrMany::Many(texts)) => texts.clone(),
        };
        all.into_iter().filter(|text| !text.is_empty()).collect()
    }

    /// Refuses what this server does not do, rather than do something else.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if self.n.is_some_and(|n| n != 1) {
            let text = "'n' must be 1 here; send several requests for several answers.";
            return Err(ApiError::bad_request(text).param("n"));
        }
        let streams = self.stream.unwrap_or(false);
        if self.stream_options.is_some() && !streams {
            let text = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
            return Err(ApiError::bad_request(text).param("stream_options"));
        }
        Ok(())
    }

    /// Does the client want the counts at the end of the stream?
    pub(crate) fn wants_usage(&self) -> bool {
        let options = self.stream_options.as_ref();
        options
            .and_then(|options| options.include_usage)
            .unwrap_or(false)
    }

    /// The tool to call: the chosen one or the first. None once a tool has
    /// answered, for then it is the model's turn.
    pub(crate) fn tool_to_call(&self) -> Option<&Tool> {
        let last = self.messages.as_ref().and_then(|messages| messages.last());
        if last.is_some_and(|message| message.role == "tool") {
            return None;
        }
        let tools = self.tools.as_deref()?;
        match &self.tool_choice {
            Some(Value::String(choice)) if choice == "none" => None,
            Some(Value::Object(choice)) => {
                let name = choice
                    .get("function")
                    .and_then(|function| function.get("name"));
                tools
                    .iter()
                    .find(|tool| name.is_some_and(|name| name == tool.name()))
            }
            _ => tools.first(),
        }
    }
}

impl Tool {
    /// The function's name.
    pub(crate) fn name(&self) -> &str {
        &self.function.name
    }

    /// Arguments that fit the function's schema, made up: `{"city":"Paris"}`
    /// for one that takes a city.
    pub(crate) fn arguments(&self) -> String {
        let schema = self.function.parameters.as_ref();
        let properties = schema.and_then(|schema| schema.get("properties"));
        let Some(properties) = properties.and_then(Value::as_object) else {
            return r#"{"city":"Paris"}"#.into();
        };
        let made_up = properties
            .iter()
            .map(|(name, schema)| (name.clone(), made_up(schema)));
        Value::Object(made_up.collect()).to_string()
    }
}

fn made_up(schema: &Value) -> Value {
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return first.clone();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("integer" | "number") => 1.into(),
        Some("boolean") => true.into(),
        Some("array") => Value::Array(Vec::new()),
        Some("object") => Value::Object(serde_json::Map::new()),
        Some("null") => Value::Null,
        _ => "Paris".into(),
    }
}

/// A request for embeddings.
#[derive(Deserialize)]
pub(crate) struct Embeddings {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    input: Option<Input>,
    #[serde(default)]
    encoding_format: Option<String>,
    #[serde(default)]
    pub(crate) dimensions: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u32>),
    ManyTokens(Vec<Vec<u32>>),
}

impl Embeddings {
    /// The model's name.
    pub(crate) fn model(&self) -> Result<&str, ApiError> {
        named(self.model.as_deref())
    }

    /// As base64, and not as numbers?
    pub(crate) fn base64(&self) -> Result<bool, ApiError> {
        match self.encoding_format.as_deref() {
            None | Some("float") => Ok(false),
            Some("base64") => Ok(true),
            Some(other) => {
                let text =
                    format!("Invalid 'encoding_format': '{other}'. There are float and base64.");
                Err(ApiError::bad_request(text).param("encoding_format"))
            }
        }
    }

    /// The texts, of which there is one at least and none is empty. Token
    /// numbers are taken as words: this server does not know their tokenizer.
    pub(crate) fn texts(&self) -> Result<Vec<String>, ApiError> {
        let spelled = |tokens: &Vec<u32>| {
            let words: Vec<_> = tokens.iter().map(u32::to_string).collect();
            words.join(" ")
        };
        let texts = match &self.input {
            None => Vec::new(),
            Some(Input::Text(text)) => vec![text.clone()],
            Some(Input::Texts(texts)) => texts.clone(),
            Some(Input::Tokens(tokens)) => vec![spelled(tokens)],
            Some(Input::ManyTokens(many)) => many.iter().map(spelled).collect(),
        };
        if texts.is_empty() || texts.iter().any(String::is_empty) {
            let text = "'input' must be a text or a list of texts, and none may be empty.";
            return Err(ApiError::bad_request(text).param("input"));
        }
        Ok(texts)
    }
}

fn named(model: Option<&str>) -> Result<&str, ApiError> {
    model
        .filter(|name| !name.is_empty())
        .ok_or_else(|| ApiError::bad_request("you must provide a model parameter").param("model"))
}
