//! How long the server takes over each token, as a real one would.
//!
//! Invariant: the times drawn depend on the request alone, never on what else
//! runs. Called by `stream` and `whole`.

use std::time::Duration;

use executor::{sleep, yield_now};
use fastrand::Rng;

/// The delays of one answer.
pub(super) struct Pace {
    pub(super) first: Duration,
    pub(super) each: Duration,
    pub(super) rng: Rng,
}

impl Pace {
    /// Waits for the first token.
    pub(super) async fn first(&mut self) {
        wait(self.first).await;
    }

    /// Waits for the next token: the delay, a fifth more or less.
    pub(super) async fn next(&mut self) {
        let factor = 0.8 + 0.4 * self.rng.f64();
        wait(self.each.mul_f64(factor)).await;
    }
}

/// Without a delay it is still somebody else's turn after each token.
async fn wait(delay: Duration) {
    if delay.is_zero() {
        yield_now().await;
    } else {
        sleep(delay).await;
    }
}
