#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "model"))]
mod model;

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use mini::{Runner, gather, run, sleep, spawn, timeout, to_thread};

/// Stands for any call that blocks its thread.
fn square(n: u32) -> u32 {
    thread::sleep(Duration::from_millis(250));
    n * n
}

async fn heart(start: Instant) {
    for _ in 0..3 {
        sleep(Duration::from_millis(100)).await;
        println!("a beat after {} ms", start.elapsed().as_millis());
    }
}

async fn program() {
    let start = Instant::now();
    let heart = spawn(heart(start));
    let calls = [1, 2, 3].map(|n| to_thread(move || square(n)));
    let squares = gather(calls).await;
    println!("{squares:?} after {} ms", start.elapsed().as_millis());
    heart.await.unwrap();
}

fn main() {
    match env::args().nth(1).as_deref() {
        Some("virtual") => {
            let call = timeout(Duration::from_secs(1), to_thread(|| square(4)));
            println!("{:?}", Runner::virtual_time().run(call));
        }
        _ => run(program()),
    }
}
