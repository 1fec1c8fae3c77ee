//! Ten thousand tasks that wait, on one thread.

use executor::{now, run, sleep, spawn};
use std::time::Duration;

async fn program() {
    let start = now();
    let mut tasks = Vec::new();
    for _ in 0..10_000 {
        tasks.push(spawn(async {
            for _ in 0..3 {
                sleep(Duration::from_secs(1)).await;
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let took = (now() - start).as_secs_f64();
    println!("10000 tasks, each waits 1 s three times: {took:.2} s");
}

fn main() {
    run(program());
}
