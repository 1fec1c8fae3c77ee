//! Step 10a: an `async fn` and its size.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Pending as often as `left` says.
struct Countdown {
    left: u32,
}

impl Future for Countdown {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        if self.left == 0 {
            return Poll::Ready(());
        }
        self.left -= 1;
        Poll::Pending
    }
}

/// Polls a future until it is ready, and not once more.
fn poll_until_ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        println!("  pending");
    }
}

async fn launch(rocket: u32) -> u32 {
    println!("fuelling rocket {rocket}");
    Countdown { left: 1 }.await;
    println!("counting down rocket {rocket}");
    let height = 100 * rocket;
    Countdown { left: 2 }.await;
    height
}

fn main() {
    println!("height {}", poll_until_ready(launch(4)));
    println!("the async fn: {} bytes", size_of_val(&launch(4)));
}
