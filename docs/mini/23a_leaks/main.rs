#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "model"))]
mod model;

use std::env;
use std::thread;
use std::time::Duration;

use mini::{Runner, run, sleep, spawn, timeout, to_thread, yield_now};

/// Something that has to be closed: a file, a connection.
struct Open(&'static str);

impl Drop for Open {
    fn drop(&mut self) {
        println!("closed: {}", self.0);
    }
}

async fn serve(name: &'static str) {
    let _connection = Open(name);
    sleep(Duration::from_secs(3600)).await;
}

fn save() {
    thread::sleep(Duration::from_millis(300));
    println!("saved");
}

fn main() {
    match env::args().nth(1).as_deref() {
        Some("save") => run(async {
            let save = timeout(Duration::from_millis(100), to_thread(save));
            println!("saved in time: {}", save.await.is_ok());
        }),
        _ => Runner::virtual_time().run(async {
            for name in ["one", "two", "three"] {
                spawn(serve(name));
            }
            yield_now().await; // each of them gets its first poll
        }),
    }
    println!("run has returned");
}
