//! The book's own tools: what its tests share.
//!
//! The book itself is the Markdown beside this crate. Nothing depends on it.

pub mod programs;
