#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::time::Duration;

use mini::{now, run, sleep};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn main() {
    run(async {
        let start = now();
        sleep(DAY / 1_000_000).await;
        println!("a millionth of a day: {} ms", (now() - start).as_millis());
    });
}
