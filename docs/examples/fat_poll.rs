//! A heart beats beside a task that computes: short enough to be drawn.

use executor::{interval, run, sleep, spawn_named};
use std::thread;
use std::time::Duration;

async fn heart() {
    let mut beats = interval(Duration::from_millis(50));
    loop {
        beats.tick().await;
    }
}

async fn hog() {
    sleep(Duration::from_millis(120)).await;
    thread::sleep(Duration::from_millis(200)); // stands for computing
}

async fn program() {
    let heart = spawn_named("heart", heart()).cancel_on_drop();
    spawn_named("hog", hog()).await.unwrap();
    sleep(Duration::from_millis(80)).await;
    drop(heart);
}

fn main() {
    run(program());
}
