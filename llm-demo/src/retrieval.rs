//! Finding the passages that answer a question, and asking a model with them:
//! `aretrieve` and `aquery`.
//!
//! Invariant: files are read on the thread pool, never on the loop. Called by
//! the programs `aretrieve` and `aquery`. Passages are ranked with
//! [`llm_demo_server::ranking`], as the server's model ranks sentences.

mod markdown;
mod files;
mod index;
mod retriever;
mod query;
mod options;

pub use index::{Index, Node};
pub use options::IndexArgs;
pub use query::{QueryEngine, StreamingResponse};
pub use retriever::{NodeWithScore, Retriever};
