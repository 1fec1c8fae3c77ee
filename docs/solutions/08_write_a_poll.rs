//! A `poll` of your own: two countdowns at the same time.

use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};

use docs::Exercise;

/// Ready when it has counted down to zero. Polled again after that, it counts
/// on below zero and is pending forever, which a future may do.
struct Countdown {
    left: i32,
}

impl Future for Countdown {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<&'static str> {
        self.left -= 1;
        if self.left != 0 {
            return Poll::Pending;
        }
        Poll::Ready("liftoff")
    }
}

/// Ready when both countdowns are.
struct Both {
    first: Countdown,
    second: Countdown,
    first_output: Option<&'static str>,
    second_output: Option<&'static str>,
}

impl Both {
    fn new(first: Countdown, second: Countdown) -> Self {
        Both {
            first,
            second,
            first_output: None,
            second_output: None,
        }
    }
}

impl Future for Both {
    type Output = (&'static str, &'static str);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.first_output.is_none() {
            let polled = Pin::new(&mut self.first).poll(context);
            self.first_output = ready_output(polled);
        }
        if self.second_output.is_none() {
            let polled = Pin::new(&mut self.second).poll(context);
            self.second_output = ready_output(polled);
        }
        match (self.first_output, self.second_output) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            _ => Poll::Pending,
        }
    }
}

/// What a poll gave, if it was ready.
fn ready_output(polled: Poll<&'static str>) -> Option<&'static str> {
    match polled {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// How many polls a future takes.
fn polls_until_ready<F: Future>(future: F) -> Result<i32, String> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for n in 1..=100 {
        if future.as_mut().poll(&mut context).is_ready() {
            return Ok(n);
        }
    }
    Err("pending after 100 polls".into())
}

fn main() -> ExitCode {
    let hint =
        "keep each output in a field of type `Option<&'static str>`; while it is `None`, poll";
    Exercise::new(hint).judge("the poll of `Both`", || {
        for (first, second) in [(2, 2), (1, 3), (3, 1)] {
            let both = Both::new(Countdown { left: first }, Countdown { left: second });
            let polls = polls_until_ready(both);
            let polls =
                polls.map_err(|what| format!("countdowns of {first} and {second}: {what}"))?;
            if polls != first.max(second) {
                return Err(format!(
                    "countdowns of {first} and {second} took {polls} polls"
                ));
            }
        }
        Ok(())
    })
}
