//! What all connections of a server share.
//!
//! Invariant: one thread; the counters are plain cells. Made by `Builder`,
//! called by all of `server`.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fastrand::Rng;

use super::fault::Fault;
use super::model::Models;
use super::notice::Notice;
use super::pace::Pace;

/// How a server was built, and what it counts.
pub(super) struct Shared {
    pub(super) models: Models,
    pub(super) settings: Settings,
    pub(super) created: u64,
    requests: Cell<u64>,
    /// How many requests could have been failed.
    fallible: Cell<u64>,
    /// How many named the model `rate-limited`.
    limited: Cell<u64>,
}

/// What can be set.
pub(super) struct Settings {
    pub(super) port: u16,
    pub(super) seed: u64,
    pub(super) token_delay: Duration,
    pub(super) first_token_delay: Duration,
    pub(super) stamps: bool,
    pub(super) fault: Option<Fault>,
    pub(super) fault_after: usize,
    pub(super) fault_every: u64,
    pub(super) api_key: Option<String>,
    pub(super) max_body: usize,
    pub(super) patience: Duration,
    pub(super) connections: usize,
    pub(super) grace: Duration,
    pub(super) log: Box<dyn Fn(&Notice)>,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Self {
        Shared {
            models: Models::new(settings.seed),
            settings,
            created: unix_time(),
            requests: Cell::new(0),
            fallible: Cell::new(0),
            limited: Cell::new(0),
        }
    }

    pub(super) fn tell(&self, notice: &Notice) {
        (self.settings.log)(notice);
    }

    /// A new id for a request: they count up.
    pub(super) fn request_id(&self) -> String {
        let number = self.requests.get() + 1;
        self.requests.set(number);
        format!("req_{number:06}")
    }

    /// The fault that is this request's turn.
    pub(super) fn fault(&self) -> Option<Fault> {
        let fault = self.settings.fault?;
        let number = self.fallible.get();
        self.fallible.set(number + 1);
        (number % self.settings.fault_every == 0).then_some(fault)
    }

    /// Is it this request's turn to be one too many? The first is.
    pub(super) fn one_too_many(&self) -> bool {
        let number = self.limited.get();
        self.limited.set(number + 1);
        number % 2 == 0
    }

    pub(super) fn pace(&self, rng: Rng) -> Pace {
        let settings = &self.settings;
        Pace::new(settings.first_token_delay, settings.token_delay, rng)
    }
}

/// Seconds since 1970.
pub(super) fn unix_time() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
