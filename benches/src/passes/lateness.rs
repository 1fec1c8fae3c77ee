//! How late a sleep ends, by its length: the usual sleep and the worst of a
//! hundred.
//!
//! Same work: one sleep after another on a loop that is otherwise idle; the
//! clock is read before the sleep is built and when it has ended. The contenders
//! take turns, a part of the sleeps each. It cannot say how late a sleep is on a
//! loop that is busy; the rows of `timers` with random deadlines say some of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::contender::{Contender, sides};
use crate::effort;
use crate::groups::timers::{floor, latenesses};
use crate::results;
use crate::skipped::keep_runnable;
use crate::stats::percentile;

type Latenesses = fn(Duration, u64) -> Vec<Duration>;

/// Lengths, and how many sleeps of each.
const LENGTHS: [(&str, Duration, u64); 4] = [
    ("50 us", Duration::from_micros(50), 1_000),
    ("500 us", Duration::from_micros(500), 500),
    ("5 ms", Duration::from_millis(5), 200),
    ("50 ms", Duration::from_millis(50), 40),
];

/// How many turns each takes.
const ROUNDS: u64 = 5;

/// Measures and prints; keeps the result for the report.
pub fn print() {
    let mut contenders: Vec<Contender<Latenesses>> = sides!([timed] latenesses);
    contenders.push(Contender::floor(floor::latenesses));
    keep_runnable(&mut contenders);
    println!(
        "\nHow late does a sleep end? Microseconds; half of the sleeps are earlier, 99 of 100 are earlier.\n"
    );
    println!(
        "{:<16} {:>8} {:>6} {:>10} {:>10}",
        "", "length", "sleeps", "half", "99 of 100"
    );
    let mut kept = Vec::new();
    for (length_name, length, times) in LENGTHS {
        eprintln!("sleeps of {length_name}");
        for (name, late) in measure(&contenders, length, times) {
            let [half, most] = [50, 99].map(|percent| micros(percentile(late.clone(), percent)));
            println!("{name:<16} {length_name:>8} {times:>6} {half:>10.1} {most:>10.1}");
            kept.push(json!({
                "name": name, "length": length_name, "sleeps": times, "p50": half, "p99": most,
            }));
        }
    }
    results::save("lateness", &Value::from(kept));
}

fn measure(
    contenders: &[Contender<Latenesses>],
    length: Duration,
    times: u64,
) -> Vec<(&'static str, Vec<Duration>)> {
    let mut all: Vec<_> = contenders
        .iter()
        .map(|one| (one.name, Vec::new()))
        .collect();
    for _ in 0..effort::rounds(ROUNDS as usize) {
        for (contender, (_, late)) in contenders.iter().zip(&mut all) {
            late.extend((contender.work)(length, times / ROUNDS));
        }
    }
    all
}

fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1_000.0
}
