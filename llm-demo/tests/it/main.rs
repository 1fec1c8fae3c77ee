//! The demo programs, run as a user runs them.

mod client;
#[path = "../../first/tests/it/common.rs"]
mod common;
mod dialects;
mod failures;
mod programs;
mod jobs;
mod readme;
mod script;
mod retrieval;
mod retrieval_programs;
mod serve;
mod sse;
mod tls;
