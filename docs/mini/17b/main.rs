#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::time::Duration;

use mini::{Runner, gather, now, race, sleep, timeout};

async fn fetch(name: &str, seconds: u64) -> &str {
    sleep(Duration::from_secs(seconds)).await;
    name
}

async fn program() {
    let sources = [fetch("far", 3), fetch("near", 1), fetch("middle", 2)];
    let first = race(sources).await;
    println!("race: {first:?}");

    let limit = Duration::from_secs(1);
    let fetches = [fetch("in time", 1), fetch("too late", 9)];
    let both = gather(fetches.map(|fetch| timeout(limit, fetch))).await;
    println!("timeout: {both:?}");
}

fn main() {
    let mut runner = Runner::virtual_time();
    runner.run(async {
        let start = now();
        program().await;
        println!("after {:?}", now() - start);
    });
}
