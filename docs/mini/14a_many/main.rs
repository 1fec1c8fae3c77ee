#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::fs;
use std::time::Duration;

use mini::{run, sleep, spawn, yield_now};

async fn say_after(millis: u64, name: &str) {
    sleep(Duration::from_millis(millis)).await;
    println!("{name}");
}

/// Prints what so many sleeping tasks cost while they wait.
async fn measure(n: usize) {
    let half_a_second = Duration::from_millis(500);
    for _ in 0..n {
        spawn(sleep(half_a_second));
    }
    yield_now().await; // each task is polled once
    let (threads, kilobytes) = (status("Threads:"), status("VmRSS:"));
    println!("{n:>5} sleeps: {threads:>5} threads, {kilobytes:>6} kB");
    sleep(half_a_second).await;
}

/// What Linux says about this process, or zero.
fn status(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(field));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.unwrap_or(0)
}

fn main() {
    run(async {
        spawn(say_after(200, "middle"));
        spawn(say_after(100, "short"));
        say_after(300, "long").await;
    });
    for n in [0, 100, 1_000, 4_000] {
        run(measure(n));
    }
}
