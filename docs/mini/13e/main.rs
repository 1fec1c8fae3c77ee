#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use mini::{run, spawn, yield_now};

async fn say(name: &'static str, times: u32) -> u32 {
    for n in 1..=times {
        println!("{name} {n}");
        yield_now().await;
    }
    times
}

async fn parent() -> u32 {
    let child = spawn(say("child", 3));
    let own = say("parent", 3).await;
    own + child.await
}

fn main() {
    let lines = run(async { spawn(parent()).await });
    println!("{lines} lines");
}
