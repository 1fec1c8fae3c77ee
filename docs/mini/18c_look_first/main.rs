#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "model"))]
mod model;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
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

/// Asks a thread again and again, which is a park and a wake each time.
async fn rounds() {
    let fast = start_thread(Duration::ZERO);
    let answers = Arc::new(AtomicU32::new(0));
    watch(Arc::clone(&answers));
    for _ in 0..10_000 {
        ask(&fast).await;
        answers.fetch_add(1, Ordering::Relaxed);
    }
    println!("10,000 rounds");
}

/// Ends the program when there has been no answer for a second.
fn watch(answers: Arc<AtomicU32>) {
    let mut before = None;
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(1));
            let now = Some(answers.load(Ordering::Relaxed));
            if now == before {
                println!("the loop sleeps on, with a key in its queue");
                std::process::exit(1);
            }
            before = now;
        }
    });
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("yields") => run(yields()),
        Some("rounds") => run(rounds()),
        _ => run(program()),
    }
}
