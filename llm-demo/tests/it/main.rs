//! The demo programs, run as a user runs them.

mod blocking;
mod client;
mod common;
mod dialects;
mod failures;
mod fetch_data;
mod programs;
mod raw;
mod jobs;
mod script;
mod retrieval;
mod retrieval_programs;
mod serve;
mod server;
mod server_errors;
mod server_faults;
mod sse;
mod tls;
