//! Step 8a: a future of our own, polled by hand, once too often.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Pending until it has counted down to zero.
struct Countdown {
    left: u32,
}

impl Future for Countdown {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<&'static str> {
        self.left -= 1;
        if self.left > 0 {
            return Poll::Pending;
        }
        Poll::Ready("liftoff")
    }
}

/// Polls a future once.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    future.poll(&mut context)
}

fn main() {
    let mut countdown = pin!(Countdown { left: 3 });
    for n in 1..=4 {
        println!("poll {n}: {:?}", poll_once(countdown.as_mut()));
    }
}
