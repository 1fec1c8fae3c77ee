#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use mini::{Runner, now, sleep, spawn};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Prints a line every so many days, so many times.
async fn remind(what: &str, days: u32, times: u32) {
    let start = now();
    for _ in 0..times {
        sleep(days * DAY).await;
        let today = (now() - start).as_secs() / DAY.as_secs();
        println!("day {today}: {what}");
    }
}

fn main() {
    let real = Instant::now();
    Runner::virtual_time().run(async {
        let water = spawn(remind("water the plants", 2, 3));
        remind("empty the bin", 3, 2).await;
        water.await;
        let start = now();
        sleep(365 * DAY).await;
        println!("a year: {} days", (now() - start).as_secs() / DAY.as_secs());
    });
    println!("it took {} s", real.elapsed().as_secs());
}
