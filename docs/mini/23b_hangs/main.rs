#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "model"))]
mod model;

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use std::{process, thread};

use mini::{run, spawn};

/// Waits for a number, and makes the mistake: it keeps no waker.
async fn receive(inbox: Rc<Cell<Option<u32>>>) -> u32 {
    poll_fn(|_| inbox.take().map_or(Poll::Pending, Poll::Ready)).await
}

/// Ends the program if nothing else does.
fn watch() {
    thread::sleep(Duration::from_secs(2));
    println!("two seconds, and no number");
    process::exit(1);
}

fn main() {
    thread::spawn(watch);
    run(async {
        let inbox = Rc::new(Cell::new(None));
        let number = spawn(receive(Rc::clone(&inbox)));
        spawn(async move { inbox.set(Some(42)) });
        println!("got {}", number.await.unwrap());
    });
}
