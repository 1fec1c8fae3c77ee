//! Step 10c: a big local that is kept across an await.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

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

/// The same by hand: one variant before the first await, one for each await,
/// one for the end.
enum Launch {
    Start { rocket: u32 },
    Fuelling { rocket: u32, wait: Countdown },
    Counting { height: u32, wait: Countdown },
    Done,
}

impl Future for Launch {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
        loop {
            match &mut *self {
                Launch::Start { rocket } => {
                    println!("fuelling rocket {rocket}");
                    let (rocket, wait) = (*rocket, Countdown { left: 1 });
                    *self = Launch::Fuelling { rocket, wait };
                }
                Launch::Fuelling { rocket, wait } => {
                    ready!(Pin::new(wait).poll(context));
                    println!("counting down rocket {rocket}");
                    let (height, wait) = (100 * *rocket, Countdown { left: 2 });
                    *self = Launch::Counting { height, wait };
                }
                Launch::Counting { height, wait } => {
                    ready!(Pin::new(wait).poll(context));
                    let height = *height;
                    *self = Launch::Done;
                    return Poll::Ready(height);
                }
                Launch::Done => panic!("polled after it was ready"),
            }
        }
    }
}

async fn report() -> u32 {
    let readings = [1u8; 4096];
    let sum = readings.iter().map(|&byte| u32::from(byte)).sum();
    Countdown { left: 1 }.await;
    sum
}

fn main() {
    println!("height {}", poll_until_ready(launch(4)));
    println!("the async fn: {} bytes", size_of_val(&launch(4)));
    println!("height {}", poll_until_ready(Launch::Start { rocket: 4 }));
    println!("the enum: {} bytes", size_of::<Launch>());
    println!("the report: {} bytes", size_of_val(&report()));
}
