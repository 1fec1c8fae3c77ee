//! Finding the passages that answer a question, and asking a model with them:
//! `aretrieve` and `aquery`.
//!
//! Invariant: files are read on the thread pool, never on the loop. Called by
//! the programs `aretrieve` and `aquery`; the embedded server ranks sentences
//! with the same scores.

pub mod bm25;
pub mod text;
