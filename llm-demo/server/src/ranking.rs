//! Ranking texts by the words that they share with a question.
//!
//! The server's model finds the sentences that answer a question with these
//! scores, and a client can find the documents to ask about with them.

mod bm25;
mod text;

pub use bm25::Bm25;
pub use text::{sentences, terms};
