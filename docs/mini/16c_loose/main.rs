#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use mini::{run, spawn, yield_now};

async fn divide(a: u32, b: u32) -> u32 {
    yield_now().await;
    a / b
}

fn main() {
    run(async {
        let tasks = [(6, 3), (1, 0), (8, 2)].map(|(a, b)| spawn(divide(a, b)));
        for task in tasks {
            println!("{:?}", task.await);
        }
    });
}
