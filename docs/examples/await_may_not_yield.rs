//! `.await` on something that does not have to wait lets no other task run.

#![allow(unreachable_pub)]

use executor::{gather, run};

async fn step(name: &str, n: u32) {
    executor::println!("{name} {n}");
}

async fn three_steps(name: &str) {
    for n in 0..3 {
        step(name, n).await;
    }
}

/// The program, for `main` and for `watched`.
pub async fn program() {
    gather((three_steps("busy"), three_steps("other"))).await;
}

fn main() {
    run(program());
}
