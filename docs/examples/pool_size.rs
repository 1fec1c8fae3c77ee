//! Four calls of 50 ms on pools of different sizes.

use executor::{ThreadPool, gather, now, run, run_in_executor};
use std::thread;
use std::time::Duration;

fn slow() {
    thread::sleep(Duration::from_millis(50));
}

async fn program() {
    for size in [1, 2, 4] {
        let pool = ThreadPool::new(size);
        let start = now();
        let calls = (0..4).map(|_| run_in_executor(&pool, slow));
        gather(calls.collect::<Vec<_>>()).await;
        println!("{size} threads: {} ms", (now() - start).as_millis());
    }
}

fn main() {
    run(program());
}
