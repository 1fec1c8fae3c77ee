//! Three functions that the compiler refuses, each for a pin that is missing.

#[allow(unused_imports, reason = "one of the three needs `pin`")]
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};

use docs::Exercise;

#[allow(dead_code, reason = "for you to use")]
async fn answer() -> u32 {
    42
}

#[allow(dead_code, reason = "for you to use")]
async fn question() -> u32 {
    7
}

/// Polls a future once.
fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    future.poll(&mut context)
}

/// Makes a future, and polls it.
fn polled() -> Poll<u32> {
    // TODO 1: in place of `Poll::Pending`, these two lines, mended.
    // let mut future = answer();
    // poll_once(Pin::new(&mut future))
    Poll::Pending
}

/// Makes a future for others to poll.
fn made() -> Pin<Box<dyn Future<Output = u32>>> {
    // TODO 2: in place of the last line, this one, mended.
    // pin!(answer())
    Box::pin(std::future::pending())
}

/// Makes two futures of different types.
fn listed() -> Vec<Pin<Box<dyn Future<Output = u32>>>> {
    // TODO 3: in place of the last line, this one, mended.
    // vec![answer(), question()]
    Vec::new()
}

fn main() -> ExitCode {
    let hint = "a future that is polled where it was made needs `pin!`; one that leaves the \
                function, or shares a list with others, needs `Box::pin`";
    Exercise::new(hint).judge("a poll", || {
        if polled() != Poll::Ready(42) {
            return Err("`polled` gives no answer".into());
        }
        if poll_once(made().as_mut()) != Poll::Ready(42) {
            return Err("`made` makes another future than `answer()`".into());
        }
        let mut list = listed();
        let all: Vec<_> = list.iter_mut().map(|one| poll_once(one.as_mut())).collect();
        if all != [Poll::Ready(42), Poll::Ready(7)] {
            return Err(format!("the futures of `listed` give {all:?}"));
        }
        Ok(())
    })
}
