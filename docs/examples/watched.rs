//! Runs a program of the book with virtual time, then prints what the loop
//! did: `cargo run -q -p docs --example watched -- three_waits`.

#![allow(dead_code, reason = "the programs' own `main`s")]

mod one_by_one;
mod three_waits;

use std::process::ExitCode;

fn main() -> ExitCode {
    let program = std::env::args().nth(1);
    match program.as_deref() {
        Some("one_by_one") => docs::watch(one_by_one::program()),
        Some("three_waits") => docs::watch(three_waits::program()),
        other => {
            eprintln!("no program {other:?}; look into docs/examples/watched.rs");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
