//! Step 09a: a `block_on` that asks again and again.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let mut polls = 0;
    loop {
        polls += 1;
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            println!("{polls} polls");
            return output;
        }
    }
}

/// Ready when its time has come.
struct Sleep {
    deadline: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.deadline {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

fn sleep(duration: Duration) -> Sleep {
    let deadline = Instant::now() + duration;
    Sleep { deadline }
}

async fn program() -> &'static str {
    sleep(Duration::from_millis(100)).await;
    "done"
}

fn main() {
    println!("{}", block_on(program()));
}
