//! Step 9a: a `block_on` that polls all the time.

use std::fs;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Runs a future on this thread until it is ready.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let mut polls = 0;
    loop {
        polls += 1;
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            println!("polls: {polls}");
            return output;
        }
    }
}

/// Pending until its deadline.
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

/// How long this thread has used a processor; zero if the system does not say.
fn processor_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn main() {
    let (start, used) = (Instant::now(), processor_time());
    block_on(sleep(Duration::from_millis(100)));
    println!("time: {} ms", start.elapsed().as_millis());
    println!("processor: {} ms", (processor_time() - used).as_millis());
}
