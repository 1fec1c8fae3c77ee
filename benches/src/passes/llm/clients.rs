//! The two clients.
//!
//! Same work: the same request to the same path over a connection for each
//! answer; hyper's HTTP/1 client; `llm-demo`'s own code from the bytes of the
//! body to the text so far, event by event; a limit of time on connecting, on
//! the first byte and on each wait for more; answers in the order of the
//! questions. Each in the way of its own side: ours is what `llm-demo` has,
//! `run_jobs` with all streams in one task and each connection driven by its
//! reader. On tokio it is a task for each answer, and one more for
//! hyper's connection, as hyper's own guide has it.
//!
//! `llm-demo`'s replies are not `Send`, so the task on tokio is in a wrapper that
//! looks at the thread's number in each poll. Ours would retry, and it keeps a
//! hundred connections for the next question.

use std::error::Error;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use llm_demo::sse::Parser;
use llm_demo::{Gathered, OpenAi, RunJobs, run_jobs};
use send_wrapper::SendWrapper;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Asked;
use super::seen::{self, Found, Watch};
use crate::side::{Executor, Timed, Tokio};

/// Longer than a slow machine needs; then something hangs.
const TOO_LONG: Duration = Duration::from_secs(60);

/// A client on one of the two sides.
pub(super) trait Client: Timed {
    /// Streams so many answers at once and shows `seen` every token.
    fn answers(asked: &Asked, streams: usize) -> impl Future<Output = Result<(), String>>;
}

/// A turn: one answer to warm up, then all of them, watched.
pub(super) fn turn_of<C: Client>(asked: &Asked) -> Result<Found, String> {
    C::run(async {
        C::answers(asked, 1).await?;
        let watch = Watch::start(asked.streams, asked.tokens);
        match C::timeout(TOO_LONG, C::answers(asked, asked.streams)).await {
            Ok(result) => result?,
            Err(_) => return Err(format!("not done after {TOO_LONG:?}")),
        }
        watch.stop()
    })
}

fn prompt(number: usize) -> String {
    format!("A story of a fox, number {number}")
}

impl Client for Executor {
    async fn answers(asked: &Asked, streams: usize) -> Result<(), String> {
        let llm = OpenAi::builder()
            .base_url(&*asked.url)
            .option("max_tokens", asked.tokens)
            .build();
        let jobs = (0..streams).map(|number| answer(&llm, number));
        let done = run_jobs(jobs, RunJobs::workers(streams)).await;
        done.map(drop).map_err(|error| error.to_string())
    }
}

/// The text of one answer.
async fn answer(llm: &OpenAi, number: usize) -> Result<String, llm_demo::Error> {
    let mut stream = llm.astream_chat([("user", prompt(number))]).await?;
    while let Some(reply) = stream.try_next().await? {
        seen::token(&reply.delta);
    }
    Ok(stream.message().content().to_string())
}

impl Client for Tokio {
    async fn answers(asked: &Asked, streams: usize) -> Result<(), String> {
        let url = format!("{}/chat/completions", asked.url);
        let url: Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
        let tasks: Vec<_> = (0..streams)
            .map(|number| answer_on_tokio(url.clone(), asked.tokens, number))
            .map(|answer| tokio::spawn(SendWrapper::new(answer)))
            .collect();
        for task in tasks {
            let answer = task.await.map_err(|error| error.to_string())?;
            answer.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

type Trouble = Box<dyn Error + Send + Sync>;

/// The limits of `llm-demo`'s client.
const CONNECT: Duration = Duration::from_secs(5);
const MORE: Duration = Duration::from_secs(60);

/// The text of one answer.
async fn answer_on_tokio(url: Uri, tokens: usize, number: usize) -> Result<String, Trouble> {
    let authority = url.authority().ok_or("a URL with a host, please")?.as_str();
    let stream = timeout(CONNECT, TcpStream::connect(authority)).await??;
    stream.set_nodelay(true)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let body = json!({
        "model": "gpt-4",
        "messages": [{ "role": "user", "content": prompt(number) }],
        "max_tokens": tokens,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    let request = Request::post(url.path())
        .header(HOST, authority)
        .header(USER_AGENT, "benches")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::<Bytes>::from(body.to_string()))?;
    let mut answer = timeout(MORE, sender.send_request(request)).await??;
    if !answer.status().is_success() {
        return Err(answer.status().to_string().into());
    }
    let (mut parser, mut gathered) = (Parser::default(), Gathered::new());
    while let Some(frame) = timeout(MORE, answer.frame()).await? {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        parser.feed(&data).map_err(|error| error.to_string())?;
        while let Some(event) = parser.next_event() {
            if event.data == "[DONE]" {
                return Ok(gathered.message().content().to_string());
            }
            let reply = gathered
                .read(&event.data)
                .map_err(|error| error.to_string())?;
            if let Some(reply) = reply {
                seen::token(&reply.delta);
            }
        }
    }
    Err("the answer has no end".into())
}
