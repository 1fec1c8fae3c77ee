//! Runs a program of the book with virtual time, then prints what the loop
//! did: `cargo run -p docs --example watched -- three_waits`.

#![allow(dead_code, reason = "the programs' own `main`s")]

mod await_may_not_yield;
mod await_yields;
mod lazy;
mod one_by_one;
mod one_call;
mod three_tasks;
mod three_waits;
mod tick_tock;

use std::process::ExitCode;

fn main() -> ExitCode {
    let program = std::env::args().nth(1).unwrap_or_default();
    match program.as_str() {
        "await_may_not_yield" => docs::watch(await_may_not_yield::program()),
        "await_yields" => docs::watch(await_yields::program()),
        "lazy" => docs::watch(lazy::program()),
        "one_call" => docs::watch(one_call::program()),
        "one_by_one" => docs::watch(one_by_one::program()),
        "three_tasks" => docs::watch(three_tasks::program()),
        "three_waits" => docs::watch(three_waits::program()),
        "tick_tock" => docs::watch(tick_tock::program()),
        other => {
            eprintln!("no program {other:?}; docs/examples/watched.rs lists them");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
