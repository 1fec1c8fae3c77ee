//! What a call costs when it goes to another thread and back.

use executor::{now, run, to_thread};
use std::hint::black_box;

const CALLS: u32 = 10_000;

fn nothing() -> u32 {
    black_box(1)
}

async fn program() {
    to_thread(nothing).await; // starts the thread

    let start = now();
    for _ in 0..CALLS {
        nothing();
    }
    println!("a call           {:>9.3} µs each", micros(start));

    let start = now();
    for _ in 0..CALLS {
        to_thread(nothing).await;
    }
    println!("through to_thread {:>8.3} µs each", micros(start));
}

fn micros(start: std::time::Instant) -> f64 {
    (now() - start).as_secs_f64() * 1e6 / f64::from(CALLS)
}

fn main() {
    run(program());
}
