//! Calling an async function runs none of it.

#![allow(unreachable_pub)]

use executor::run;

async fn greet(name: &str) -> usize {
    executor::println!("Hello, {name}");
    name.len()
}

/// The program, for `main` and for `watched`.
pub async fn program() {
    let greeting = greet("Ada");
    executor::println!("called");
    let length = greeting.await;
    executor::println!("{length} letters");
    drop(greet("nobody"));
    executor::println!("done");
}

fn main() {
    run(program());
}
