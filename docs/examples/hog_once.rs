//! A task that computes, beside a heart: short enough to be drawn.

use executor::{interval, run, sleep, spawn_named};
use std::thread;
use std::time::Duration;

fn main() {
    run(async {
        let heart = spawn_named("heart", async {
            let mut beats = interval(Duration::from_millis(50));
            loop {
                beats.tick().await;
            }
        });
        let hog = spawn_named("hog", async {
            sleep(Duration::from_millis(120)).await;
            thread::sleep(Duration::from_millis(200)); // stands for computing
        });
        hog.await.unwrap();
        sleep(Duration::from_millis(80)).await;
        heart.cancel();
    });
}
