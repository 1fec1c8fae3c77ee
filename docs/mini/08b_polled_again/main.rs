//! Step 8b, polled again: an `async fn` that is polled after it was ready.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Polls a future once.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    future.poll(&mut context)
}

async fn answer() -> u32 {
    42
}

fn main() {
    let mut answer = pin!(answer());
    println!("{:?}", poll_once(answer.as_mut()));
    println!("{:?}", poll_once(answer.as_mut()));
}
