#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::sync::mpsc::{Sender, channel};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini::{run, timeout, yield_now};

/// A thread that calls each waker that it is sent, a while later.
fn start_thread(delay: Duration) -> Sender<Waker> {
    let (sender, receiver) = channel::<Waker>();
    thread::spawn(move || {
        for waker in receiver {
            thread::sleep(delay);
            waker.wake();
        }
    });
    sender
}

/// Waits until the thread has woken this task.
async fn ask(thread: &Sender<Waker>) {
    let mut asked = false;
    poll_fn(|cx| {
        if asked {
            return Poll::Ready(());
        }
        asked = true;
        thread
            .send(cx.waker().clone())
            .expect("the thread is there");
        Poll::Pending
    })
    .await;
}

async fn program() {
    let slow = start_thread(Duration::from_millis(100));
    let start = Instant::now();
    let answer = timeout(Duration::from_secs(1), ask(&slow)).await;
    println!("{answer:?} after {} ms", start.elapsed().as_millis());
}

async fn yields() {
    let start = Instant::now();
    for _ in 0..100_000 {
        yield_now().await;
    }
    println!("{} ns a yield", start.elapsed().as_nanos() / 100_000);
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("yields") => run(yields()),
        _ => run(program()),
    }
}
