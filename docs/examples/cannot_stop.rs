//! A call on another thread cannot be stopped, only given up.

use executor::{run, timeout, to_thread};
use std::thread;
use std::time::Duration;

fn slow() {
    thread::sleep(Duration::from_secs(2));
    println!("the call ends");
}

async fn program() {
    let limit = Duration::from_secs(1);
    match timeout(limit, to_thread(slow)).await {
        Ok(()) => println!("in time"),
        Err(elapsed) => println!("given up: {elapsed}"),
    }
    println!("the program ends");
}

fn main() {
    run(program());
    println!("run has returned");
}
