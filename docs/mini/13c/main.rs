#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;

use mini::run;

async fn say(name: &'static str, times: u32) {
    for n in 1..=times {
        println!("{name} {n}");
    }
}

fn main() {
    let words = ["one", "two"];
    run(async {
        say("main", 3).await;
        println!("{} words", words.len());
    });
}
