//! Wrong: a thread for each sleep.

use std::fs;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::Duration;

struct Sleep {
    duration: Duration,
    thread: Option<JoinHandle<()>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(thread) = &self.thread {
            return match thread.is_finished() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            };
        }
        let (duration, waker) = (self.duration, cx.waker().clone());
        let wait_and_wake = move || {
            thread::sleep(duration);
            waker.wake();
        };
        self.thread = Some(thread::spawn(wait_and_wake));
        Poll::Pending
    }
}

fn sleep(duration: Duration) -> Sleep {
    let thread = None; // it starts with the first poll
    Sleep { duration, thread }
}

/// Polls so many sleeps once, and prints what they cost while they wait.
fn measure(n: usize) {
    let mut sleeps: Vec<_> = (0..n).map(|_| sleep(Duration::from_millis(500))).collect();
    let mut cx = Context::from_waker(Waker::noop());
    for sleep in &mut sleeps {
        let _ = Pin::new(sleep).poll(&mut cx);
    }
    let (threads, kilobytes) = (status("Threads:"), status("VmRSS:"));
    println!("{n:>5} sleeps: {threads:>5} threads, {kilobytes:>6} kB");
    for thread in sleeps.into_iter().filter_map(|sleep| sleep.thread) {
        thread.join().unwrap();
    }
}

/// What Linux says about this process, or zero.
fn status(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(field));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.unwrap_or(0)
}

fn main() {
    for n in [0, 100, 1_000, 4_000] {
        measure(n);
    }
}
