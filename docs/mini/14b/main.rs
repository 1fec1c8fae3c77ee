#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use mini::{run, sleep};

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Returns whether `work` returned before the limit. Then drops both.
async fn within(limit: Duration, work: impl Future) -> bool {
    let (mut work, mut timer) = (pin!(work), pin!(sleep(limit)));
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| false),
    })
    .await
}

/// Counts how often a future is polled.
async fn count_polls(future: impl Future) -> u32 {
    let (mut future, mut polls) = (pin!(future), 0);
    poll_fn(|cx| {
        polls += 1;
        future.as_mut().poll(cx).map(|_| polls)
    })
    .await
}

fn main() {
    run(async {
        for n in 1..=3 {
            let in_time = within(millis(100 * n), sleep(millis(10))).await;
            println!("answer {n} came in time: {in_time}");
        }
        println!("one sleep, {} polls", count_polls(sleep(millis(500))).await);
    });
}
