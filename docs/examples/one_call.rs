//! A call on another thread, as the loop sees it.

#![allow(unreachable_pub)]

use executor::{run, to_thread};
use std::thread;
use std::time::Duration;

fn read_slowly(name: &str) -> String {
    thread::sleep(Duration::from_secs(1)); // holds up its thread
    format!("contents of {name}")
}

/// The program, for `main` and for `watched`.
pub async fn program() {
    let text = to_thread(|| read_slowly("notes.txt")).await;
    executor::println!("{text}");
}

fn main() {
    run(program());
}
