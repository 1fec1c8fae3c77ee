//! Step 8b: polls that stop at `Ready`, and an `async fn` polled by hand.

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

/// Polls a future until it is ready, and not once more.
fn poll_until_ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for n in 1.. {
        if let Poll::Ready(output) = poll_once(future.as_mut()) {
            println!("poll {n}: ready");
            return output;
        }
        println!("poll {n}: pending");
    }
    unreachable!("the numbers do not end")
}

async fn launch() -> &'static str {
    println!("  fuelling");
    Countdown { left: 2 }.await;
    println!("  counting down");
    Countdown { left: 3 }.await
}

fn main() {
    println!("{}", poll_until_ready(launch()));
}
