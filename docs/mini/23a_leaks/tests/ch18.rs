//! What chapter 18 promises.

use std::future::poll_fn;
use std::sync::mpsc::{Sender, channel};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::mini::{gather, run, timeout};

/// Without a wake, a park ends with this.
const LIMIT: Duration = Duration::from_secs(60);

/// A thread that calls each waker that it is sent.
fn start_thread() -> Sender<Waker> {
    let (sender, receiver) = channel::<Waker>();
    thread::spawn(move || receiver.into_iter().for_each(Waker::wake));
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

#[test]
fn a_wake_from_another_thread_ends_a_park() {
    let thread = start_thread();
    let start = Instant::now();
    run(timeout(LIMIT, ask(&thread))).unwrap();
    assert!(start.elapsed() < LIMIT);
}

#[test]
fn no_wake_of_many_from_two_threads_is_lost() {
    let threads = [start_thread(), start_thread()];
    let rounds = async |thread| {
        for _ in 0..1_000 {
            ask(thread).await;
        }
    };
    let all = gather(threads.iter().map(rounds));
    run(timeout(LIMIT, all)).unwrap();
}
