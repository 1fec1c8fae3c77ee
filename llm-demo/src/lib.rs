//! A client and a server of an API like OpenAI's, on the `executor` crate's
//! loop, with the names that LlamaIndex has for them.
//!
//! ```no_run
//! use llm_demo::OpenAi;
//!
//! executor::run(async {
//!     let llm = OpenAi::from_env(); // with no base URL: the embedded server
//!     let mut stream = llm.astream_chat([("user", "Tell me a story")]).await?;
//!     while let Some(chunk) = stream.try_next().await? {
//!         print!("{}", chunk.delta);
//!     }
//!     Ok::<(), llm_demo::Error>(())
//! })
//! .unwrap();
//! ```
//!
//! The programs are in `src/bin`, one for each idea. They use the `executor`
//! crate as any application would, through its public names.
//!
//! | module | what it is |
//! |---|---|
//! | `client` | questions: [`OpenAi`] |
//! | `message`, `reply`, `stream` | what is asked; what is answered, whole and in pieces |
//! | `retry`, `error`, [`notice`] | when to ask again; what goes wrong; what is told on the way |
//! | `wire`, [`sse`] | the API's JSON; server-sent events |
//! | [`http`] | connections, kept or new, with TLS and through a proxy |
//! | [`jobs`] | many questions, some at a time |
//! | [`retrieval`] | finding what a question needs to know |
//! | [`cli`] | what the programs share |
//!
//! Two crates lie beside it: [`server`] is the other side of the wire, and
//! [`first_programs`] has the programs that need no model, with the durations
//! and messages that all programs share.

mod client;
mod message;
mod reply;
mod stream;
mod retry;
mod error;
pub mod notice;
mod wire;
pub mod sse;
pub mod http;
pub mod jobs;
pub mod retrieval;
pub mod cli;

pub use client::{Builder, OpenAi};
pub use error::{ApiError, Error, Phase};
pub use jobs::{RunJobs, run_jobs, run_jobs_as_completed};
pub use llm_demo_server as server;
pub use message::{ChatMessage, IntoMessages, Role, ToolCall};
pub use reply::{ChatResponse, CompletionResponse, Gathered};
pub use stream::{ChatStream, CompletionStream};
pub use wire::Usage;

// The code in the two README files, as doctests: it compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../../executor/README.md")]
struct Readme;
