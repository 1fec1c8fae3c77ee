#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use mini::{Runner, gather, sleep};

thread_local! {
    static POLLS: Cell<usize> = const { Cell::new(0) };
}

/// Waits `n` seconds, and counts how often it is polled.
async fn child(n: u64) -> u64 {
    let mut sleep = sleep(Duration::from_secs(n));
    poll_fn(|cx| {
        POLLS.set(POLLS.get() + 1);
        Pin::new(&mut sleep).poll(cx)
    })
    .await;
    n
}

fn main() {
    for n in [10, 100, 1_000] {
        POLLS.set(0);
        let outputs = Runner::virtual_time().run(gather((1..=n).map(child)));
        assert_eq!(outputs, Vec::from_iter(1..=n));
        println!("{n:>5} children: {:>7} polls", POLLS.get());
    }
}
