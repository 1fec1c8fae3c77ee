#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::time::Duration;

use mini::{JoinHandle, Runner, sleep, spawn};

/// Says when it is dropped.
struct Guard(&'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        println!("{} is dropped", self.0);
    }
}

/// Cancels a task when it is dropped.
struct CancelOnDrop(JoinHandle<()>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

async fn part() {
    let _guard = Guard("the part");
    sleep(Duration::from_secs(3_600)).await;
}

async fn download() {
    let _guard = Guard("the download");
    let _part = CancelOnDrop(spawn(part()));
    sleep(Duration::from_secs(3_600)).await;
}

fn main() {
    Runner::virtual_time().run(async {
        let task = spawn(download());
        sleep(Duration::from_secs(1)).await;
        println!("cancel: {}, again: {}", task.cancel(), task.cancel());
        println!("the handle gives {:?}", task.await);
    });
}
