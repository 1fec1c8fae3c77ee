//! Questions to a model behind an API like OpenAI's.
//!
//! **Invariant:** what a server refuses comes out of the `.await` of the
//! question, before the first delta; and nothing runs once its future or its
//! stream is dropped.
//!
//! The entry point of this library; the demo programs call it.

mod builder;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use executor::{now, sleep, timeout_at};
use hyper::header::LOCATION;
use hyper::{HeaderMap, Method};
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub use builder::Builder;

use crate::error::{ApiError, Error};
use crate::http::{Answer, Deadline, Http, Outgoing, Url};
use crate::message::{ChatMessage, IntoMessages};
use crate::notice::{Notice, Notify};
use crate::reply::{ChatResponse, CompletionResponse, Gathered};
use crate::retry::{Advice, about_error, about_refusal, back_off};
use crate::stream::{ChatStream, CompletionStream};
use crate::wire::{Chunk, refusal};

/// The longest answer that is held in memory whole.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// The longest refusal that is read.
const LONGEST_REFUSAL: usize = 64 * 1024;

/// A client of an API like OpenAI's (LlamaIndex: `OpenAI`).
///
/// Clones share their connections. It belongs to one thread.
///
/// ```
/// use llm_demo::OpenAi;
///
/// executor::run(async {
///     let llm = OpenAi::builder().build(); // no base URL: the embedded server
///     let mut stream = llm.astream_chat([("user", "Tell me a story")]).await?;
///     let mut story = String::new();
///     while let Some(chunk) = stream.try_next().await? {
///         story.push_str(&chunk.delta);
///     }
///     assert_eq!(story, stream.message().content());
///     Ok::<(), llm_demo::Error>(())
/// })
/// .unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct OpenAi {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    base: Base,
    /// The key is among them, marked so that it is not shown.
    headers: HeaderMap,
    model: String,
    embedding_model: String,
    /// More fields of the request: `temperature`, `tools`.
    options: Map<String, Value>,
    max_retries: u32,
    total: Option<Duration>,
    http: Http,
    notify: Notify,
    chance: RefCell<fastrand::Rng>,
}

/// Where the server is.
#[derive(Debug)]
enum Base {
    /// On this very loop.
    Embedded,
    Url(Url),
    /// What was given makes no sense; the first question will say so.
    Bad(String),
}

impl OpenAi {
    /// A client as the environment says: `OPENAI_API_KEY`, `OPENAI_BASE_URL`
    /// (or the older `OPENAI_API_BASE`), `OPENAI_MODEL`, `HTTPS_PROXY`,
    /// `SSL_CERT_FILE`. With no base URL it talks to the
    /// [embedded server](crate::server).
    pub fn from_env() -> Self {
        Builder::from_env().build()
    }

    /// A client step by step. It starts from nothing: see
    /// [`Builder::from_env`].
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The model that is asked.
    pub fn model(&self) -> &str {
        &self.inner.model
    }

    /// Asks, and waits for the whole answer (LlamaIndex: `achat`).
    ///
    /// *Cancel safety:* dropping it closes the connection.
    ///
    /// # Errors
    ///
    /// Those of [`Error`].
    pub async fn achat(&self, messages: impl IntoMessages) -> Result<ChatResponse, Error> {
        let body = self.chat(messages.into_messages()?, false);
        self.post("chat/completions", &body, async |mut answer: Answer| {
            let text = self.read(&mut answer).await?;
            let mut gathered = Gathered::new();
            gathered.add(Chunk::read(&text)?)?;
            let delta = gathered.message.content.clone();
            Ok(gathered.reply(delta))
        })
        .await
    }

    /// Asks, and gives the answer as it comes (LlamaIndex: `astream_chat`).
    ///
    /// *Cancel safety:* dropping it, or the stream, closes the connection.
    ///
    /// # Errors
    ///
    /// Those of [`Error`]; what goes wrong later comes out of the stream.
    pub async fn astream_chat(&self, messages: impl IntoMessages) -> Result<ChatStream, Error> {
        let body = self.chat(messages.into_messages()?, true);
        let notify = &self.inner.notify;
        self.post("chat/completions", &body, async |answer: Answer| {
            Ok(ChatStream::new(answer, notify.clone()))
        })
        .await
    }

    /// Has a prompt answered (LlamaIndex: `acomplete`). As there, it is sent
    /// as a chat of one message.
    ///
    /// *Cancel safety:* as [`achat`](Self::achat).
    ///
    /// # Errors
    ///
    /// As [`achat`](Self::achat).
    pub async fn acomplete(&self, prompt: &str) -> Result<CompletionResponse, Error> {
        Ok(self.achat([ChatMessage::user(prompt)]).await?.into())
    }

    /// Has a prompt answered, piece by piece (LlamaIndex: `astream_complete`).
    ///
    /// *Cancel safety:* as [`astream_chat`](Self::astream_chat).
    ///
    /// # Errors
    ///
    /// As [`astream_chat`](Self::astream_chat).
    pub async fn astream_complete(&self, prompt: &str) -> Result<CompletionStream, Error> {
        let stream = self.astream_chat([ChatMessage::user(prompt)]).await?;
        Ok(CompletionStream::new(stream))
    }

    /// A vector for each text (LlamaIndex: `aget_text_embedding_batch`).
    ///
    /// *Cancel safety:* as [`achat`](Self::achat).
    ///
    /// # Errors
    ///
    /// As [`achat`](Self::achat).
    pub async fn aembed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Error> {
        let model = &self.inner.embedding_model;
        let body = json!({ "model": model, "input": texts, "encoding_format": "float" });
        self.post("embeddings", &body, async |mut answer: Answer| {
            let text = self.read(&mut answer).await?;
            vectors(&text, texts.len())
        })
        .await
    }

    /// The body of a chat request.
    fn chat(&self, messages: Vec<ChatMessage>, stream: bool) -> Value {
        let mut body = self.inner.options.clone();
        body.insert("model".into(), json!(self.inner.model));
        let messages = messages.iter().map(ChatMessage::to_json).collect();
        body.insert("messages".into(), messages);
        if stream {
            body.insert("stream".into(), json!(true));
            body.insert("stream_options".into(), json!({ "include_usage": true }));
        }
        Value::Object(body)
    }

    /// Sends a request, as often as `retry` says, and has its answer finished.
    ///
    /// What that takes, some 4 KiB, is in a box and gone with the head of the
    /// answer: a stream would carry it along inside its own future.
    async fn post<T>(
        &self,
        path: &str,
        body: &Value,
        finish: impl AsyncFn(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        Box::pin(self.ask(path, body, &finish)).await
    }

    async fn ask<T>(
        &self,
        path: &str,
        body: &Value,
        finish: &impl AsyncFn(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let deadline = self.inner.total.map(Deadline::after);
        let request = Outgoing {
            method: Method::POST,
            url: self.base().await?.join(path),
            headers: self.inner.headers.clone(),
            body: body.to_string().into(),
            deadline,
        };
        let answer = self.retrying(&request, finish);
        let answer = match deadline {
            None => answer.await,
            Some(deadline) => {
                let answer = timeout_at(deadline.at(), answer).await;
                answer.unwrap_or_else(|_| Err(deadline.missed(&request.url.origin)))
            }
        };
        answer.map_err(with_source_of_url)
    }

    async fn base(&self) -> Result<Url, Error> {
        match &self.inner.base {
            Base::Url(url) => Ok(url.clone()),
            Base::Bad(why) => Err(Error::Config(why.clone())),
            Base::Embedded => {
                let addr = llm_demo_server::embedded().await?;
                format!("http://{addr}/v1").parse()
            }
        }
    }

    async fn retrying<T>(
        &self,
        request: &Outgoing,
        finish: &impl AsyncFn(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let of = self.inner.max_retries;
        let mut retry = 0;
        loop {
            let (error, advice) = match self.attempt(request, finish).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let wait = match advice {
                Advice::Never => return Err(error),
                _ if retry == of => return Err(error),
                Advice::BackOff => back_off(retry, self.inner.chance.borrow_mut().f64()),
                Advice::After(wait) => wait,
            };
            retry += 1;
            self.tell(&Notice::Retry {
                wait,
                attempt: retry,
                of,
                connected: !matches!(error, Error::Connect { .. }),
                why: match &error {
                    // The details are for the end: they will be the same.
                    Error::Connect { to, .. } => format!("no connection to {to}"),
                    error => error.to_string(),
                },
            });
            sleep(wait).await;
        }
    }

    async fn attempt<T>(
        &self,
        request: &Outgoing,
        finish: &impl AsyncFn(Answer) -> Result<T, Error>,
    ) -> Result<T, (Error, Advice)> {
        let with_advice = |error: Error| {
            let advice = about_error(&error);
            (error, advice)
        };
        let begun = now();
        let answer = self.inner.http.send(request).await.map_err(with_advice)?;
        self.tell(&Notice::Head {
            method: "POST",
            url: request.url.to_string(),
            status: answer.status.as_u16(),
            after: now() - begun,
            reused: answer.reused,
        });
        if answer.status.is_success() {
            return finish(answer).await.map_err(with_advice);
        }
        let headers = answer.headers.clone();
        let error = refused(answer).await;
        let advice = about_refusal(&error, &headers);
        Err((error.into(), advice))
    }

    /// The body of an answer, as text.
    async fn read(&self, answer: &mut Answer) -> Result<String, Error> {
        let bytes = answer.body.read_to_end(LONGEST_ANSWER).await?;
        self.tell(&Notice::End {
            bytes: answer.body.received(),
        });
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn tell(&self, notice: &Notice) {
        self.inner.notify.tell(notice);
    }
}

/// Adds where the address that cannot be reached was set.
fn with_source_of_url(mut error: Error) -> Error {
    if let Error::Connect { to, .. } = &mut error {
        to.push_str(" (from --base-url or OPENAI_BASE_URL)");
    }
    error
}

/// Reads why the server refuses.
async fn refused(mut answer: Answer) -> ApiError {
    let header = |name: &str| {
        let value = answer.headers.get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let request_id = header("x-request-id");
    let moved_to = header(LOCATION.as_str()).filter(|_| answer.status.is_redirection());
    // If the reason itself is cut off, the status is reason enough.
    let body = answer.body.read_to_end(LONGEST_REFUSAL).await;
    let body = body.unwrap_or_default();
    let mut error = refusal(answer.status.as_u16(), &String::from_utf8_lossy(&body));
    if let Some(to) = moved_to {
        error.message = format!("the server says that it has moved to {to}: use that base URL");
    }
    error.request_id = request_id;
    error
}

/// Reads the vectors of an answer, in the order of the texts.
fn vectors(text: &str, expected: usize) -> Result<Vec<Vec<f32>>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        data: Vec<Item>,
    }
    #[derive(Deserialize)]
    struct Item {
        #[serde(default)]
        index: usize,
        embedding: Vec<f32>,
    }
    let answer: Answer = serde_json::from_str(text)
        .map_err(|error| Error::Protocol(format!("these are no embeddings: {error}")))?;
    let mut items = answer.data;
    items.sort_by_key(|item| item.index);
    if items.len() != expected {
        let text = format!("{} embeddings came for {expected} texts", items.len());
        return Err(Error::Protocol(text));
    }
    Ok(items.into_iter().map(|item| item.embedding).collect())
}
