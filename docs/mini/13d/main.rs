#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;

use mini::{run, spawn, yield_now};

async fn say(name: &'static str, times: u32) {
    for n in 1..=times {
        println!("{name} {n}");
        yield_now().await;
    }
}

async fn parent() {
    spawn(say("child", 3));
    say("parent", 3).await;
}

fn main() {
    run(async {
        spawn(parent());
        say("main", 3).await;
    });
}
