//! The passes: each runs rows or its own measurements, prints the numbers and
//! keeps them for the report.
//!
//! A pass may import the groups. [`table`] also prints what [`memory`] and
//! `llm` measure; no other pass imports another.

pub mod allocations;
pub mod lateness;
#[cfg(feature = "llm")]
pub mod llm;
pub mod memory;
pub mod scaling;
pub mod table;
