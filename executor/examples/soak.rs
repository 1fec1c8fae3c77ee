//! Soak test: runs everything at once, round after round, and checks that nothing
//! is left over.
//!
//! `cargo run --release -p executor --example soak [--minutes N | --seconds N]`;
//! one minute by default. Each round is a loop of its own, with an echo server
//! and its clients, timers, thread jobs, calls from other threads, cancels,
//! scopes, locks, queues, channels and panics. After each round the recorded
//! events are reconciled: tasks spawned = returned + cancelled + panicked, timers
//! armed = fired + dropped, jobs begun = ended. At the end no descriptor and no
//! thread may be left over, and the memory must be steady.
//!
//! `cargo test` runs three seconds of it: `tests/soak.rs`.

use std::process::ExitCode;
use std::time::Duration;

#[path = "soak/counts.rs"]
mod counts;
#[path = "soak/contend.rs"]
mod contend;
#[path = "soak/load.rs"]
mod load;
#[path = "soak/process.rs"]
mod process;
#[path = "soak/rounds.rs"]
mod rounds;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let time = match args[..] {
        [] => Some(Duration::from_secs(60)),
        ["--minutes", n] => n.parse().ok().map(|n: u64| Duration::from_secs(60 * n)),
        ["--seconds", n] => n.parse().ok().map(Duration::from_secs),
        _ => None,
    };
    let Some(time) = time else {
        eprintln!("usage: soak [--minutes N | --seconds N]");
        return ExitCode::from(2);
    };
    rounds::soak(time);
    ExitCode::SUCCESS
}
