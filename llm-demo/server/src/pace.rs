//! How long the server takes over each token, as a real one would.
//!
//! Invariant: the times drawn depend on the request alone, never on what else
//! runs. Called by `stream` and `whole`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use executor::{sleep, yield_now};
use fastrand::Rng;

/// The delays of one answer.
pub(crate) struct Pace {
    first: Duration,
    each: Duration,
    rng: Rng,
    /// When the token at hand was to come.
    due: SystemTime,
}

impl Pace {
    pub(crate) fn new(first: Duration, each: Duration, rng: Rng) -> Self {
        Pace {
            first,
            each,
            rng,
            due: UNIX_EPOCH,
        }
    }

    /// Waits for the first token.
    pub(crate) async fn first(&mut self) {
        self.wait(self.first).await;
    }

    /// Waits for the next token: the delay, a fifth more or less.
    pub(crate) async fn next(&mut self) {
        let factor = 0.8 + 0.4 * self.rng.f64();
        self.wait(self.each.mul_f64(factor)).await;
    }

    /// The moment that was waited for, in microseconds since 1970: as text, in
    /// place of the token's own.
    pub(crate) fn stamp(&self) -> String {
        let due = self.due.duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("{} ", due.as_micros())
    }

    /// Without a delay, the other tasks still have a turn after each token.
    async fn wait(&mut self, delay: Duration) {
        self.due = SystemTime::now() + delay;
        if delay.is_zero() {
            yield_now().await;
        } else {
            sleep(delay).await;
        }
    }
}
