#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

fn main() {
    let start = Instant::now();
    mini::run(mini::sleep(Duration::from_millis(500)));
    println!("slept {} ms", start.elapsed().as_millis());
}
