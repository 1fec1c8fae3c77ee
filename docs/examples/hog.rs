//! What a long computation does to the other tasks, in one go and in slices.

use executor::{interval, now, run, sleep, spawn_named, yield_now};
use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;
use std::time::Duration;

const BEAT: Duration = Duration::from_millis(5);

/// Beats every five milliseconds, and remembers its latest beat.
async fn heartbeat(worst: Rc<Cell<Duration>>) {
    let mut beats = interval(BEAT);
    loop {
        let due = beats.tick().await;
        worst.set(worst.get().max(now() - due));
    }
}

/// A computation of forty million steps that rests after each slice.
async fn compute(slice: u64) -> u64 {
    let mut sum = 0;
    for n in 1..=40_000_000 {
        sum = black_box(sum + n);
        if n % slice == 0 {
            yield_now().await;
        }
    }
    sum
}

async fn measure(name: &str, slice: u64) {
    let worst = Rc::new(Cell::new(Duration::ZERO));
    let heart = spawn_named("heart", heartbeat(Rc::clone(&worst)));
    sleep(BEAT).await; // it beats steadily
    let start = now();
    compute(slice).await;
    let took = now() - start;
    sleep(BEAT).await; // a beat that could not come until now
    heart.cancel();
    let (took, worst) = (took.as_secs_f64() * 1e3, worst.get().as_secs_f64() * 1e3);
    println!("{name:<18} took {took:7.1} ms, worst beat {worst:7.2} ms late");
}

async fn program() {
    measure("in one go", 40_000_000).await;
    measure("in slices of 10^6", 1_000_000).await;
    measure("in slices of 10^4", 10_000).await;
}

fn main() {
    run(program());
}
