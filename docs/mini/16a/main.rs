#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::future::pending;

use mini::{Runner, run, spawn};

fn main() {
    let mut runner = Runner::new();
    let handle = runner.run(async { spawn(pending::<u32>()) });
    drop(runner); // and with it the task, which waits forever
    println!("{:?}", run(handle));
}
