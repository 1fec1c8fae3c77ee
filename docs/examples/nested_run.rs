//! `run` called where a loop is running already: refused, with a sentence that
//! says what to do.

use executor::run;

async fn price() -> u32 {
    42
}

/// An ordinary function. It cannot know who calls it.
fn price_now() -> u32 {
    run(price())
}

fn main() {
    println!("from main: {}", price_now());
    run(async {
        println!("from a task: {}", price_now());
    });
}
