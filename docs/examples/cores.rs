//! The same computation twice: on one loop, and on two threads.

use executor::{gather, now, run, to_thread};
use std::hint::black_box;

#[inline(never)] // or the three measurements are of different code
fn compute() -> u64 {
    (1..=4_000_000).fold(0, |sum, n| black_box(sum + n))
}

async fn on_the_loop() -> u64 {
    compute()
}

/// A build without optimization is for trying out, not for measuring.
const TIMES: u32 = if cfg!(debug_assertions) { 1 } else { 20 };

/// The best of twenty times: what the machine can do when it is idle otherwise.
async fn measure(name: &str, work: impl AsyncFn()) {
    let mut best = f64::INFINITY;
    for _ in 0..TIMES {
        let start = now();
        work().await;
        best = best.min((now() - start).as_secs_f64() * 1e3);
    }
    println!("{name:<15}{best:5.1} ms");
}

async fn once() {
    on_the_loop().await;
}

async fn twice_together() {
    gather((on_the_loop(), on_the_loop())).await;
}

async fn twice_on_threads() {
    gather((to_thread(compute), to_thread(compute))).await;
}

async fn program() {
    measure("once", once).await;
    measure("twice, gather", twice_together).await;
    measure("twice, threads", twice_on_threads).await;
}

fn main() {
    run(program());
}
