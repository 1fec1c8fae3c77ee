//! Wakes from other threads.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::contender::Load;
use crate::row::rows;
use crate::side::Side;

rows! { "wake",
    "cross-thread round trip" by 1 below SAME: round_trip, floor park_and_unpark;
}

/// The main future sends its waker to a thread and waits; the thread wakes it;
/// again and again.
///
/// Same work: std's channel and an atomic counter on the way, both threads
/// asleep at the end of each half. Mostly system calls and the scheduler's
/// mood: expect another number on a machine with free cores.
pub fn round_trip<S: Side>(load: Load) -> Duration {
    let answers = Arc::new(AtomicU64::new(0));
    let (questions, inbox) = mpsc::channel::<Waker>();
    let count = Arc::clone(&answers);
    let answering = thread::spawn(move || {
        for waker in inbox {
            count.fetch_add(1, Ordering::Release);
            waker.wake();
        }
    });
    let duration = S::run(async {
        let watch = Stopwatch::start();
        for turn in 1..=load.times {
            ask(&questions, &answers, turn).await;
        }
        watch.stop()
    });
    drop(questions);
    answering.join().expect("the thread does not panic");
    duration
}

async fn ask(questions: &Sender<Waker>, answers: &AtomicU64, turn: u64) {
    let mut asked = false;
    poll_fn(|cx| {
        if answers.load(Ordering::Acquire) >= turn {
            return Poll::Ready(());
        }
        if !asked {
            asked = true;
            questions
                .send(cx.waker().clone())
                .expect("the thread listens");
        }
        Poll::Pending
    })
    .await;
}

/// The floor: two threads park and unpark each other.
pub fn park_and_unpark(load: Load) -> Duration {
    let turn = Arc::new(AtomicU64::new(0));
    let asking = thread::current();
    let (seen, last) = (Arc::clone(&turn), 2 * load.times);
    let answering = thread::spawn(move || {
        for question in (1..last).step_by(2) {
            while seen.load(Ordering::Acquire) != question {
                thread::park();
            }
            seen.store(question + 1, Ordering::Release);
            asking.unpark();
        }
    });
    let watch = Stopwatch::start();
    for question in (1..last).step_by(2) {
        turn.store(question, Ordering::Release);
        answering.thread().unpark();
        while turn.load(Ordering::Acquire) == question {
            thread::park();
        }
    }
    let took = watch.stop();
    answering.join().expect("the thread does not panic");
    took
}
