//! What all connections of a server share.
//!
//! Invariant: one thread; the counters are plain cells. Made by `Builder`,
//! called by all of `server`.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fastrand::Rng;

use crate::fault::Fault;
use crate::model::Models;
use crate::notice::Notice;
use crate::pace::Pace;

/// How a server was built, and what it counts.
pub(crate) struct Shared {
    pub(crate) models: Models,
    pub(crate) settings: Settings,
    pub(crate) created: u64,
    requests: Cell<u64>,
    /// How many requests could have been failed.
    fallible: Cell<u64>,
    /// How many named the model `rate-limited`.
    limited: Cell<u64>,
}

/// What can be set.
pub(crate) struct Settings {
    pub(crate) port: u16,
    pub(crate) seed: u64,
    pub(crate) token_delay: Duration,
    pub(crate) first_token_delay: Duration,
    pub(crate) stamps: bool,
    pub(crate) fault: Option<Fault>,
    pub(crate) fault_after: usize,
    pub(crate) fault_every: u64,
    pub(crate) api_key: Option<String>,
    pub(crate) max_body: usize,
    pub(crate) patience: Duration,
    pub(crate) connections: usize,
    pub(crate) grace: Duration,
    pub(crate) log: Box<dyn Fn(&Notice)>,
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Self {
        Shared {
            models: Models::new(settings.seed),
            settings,
            created: unix_time(),
            requests: Cell::new(0),
            fallible: Cell::new(0),
            limited: Cell::new(0),
        }
    }

    pub(crate) fn tell(&self, notice: &Notice) {
        (self.settings.log)(notice);
    }

    /// A new id for a request: they count up.
    pub(crate) fn request_id(&self) -> String {
        let number = self.requests.get() + 1;
        self.requests.set(number);
        format!("req_{number:06}")
    }

    /// The fault that is this request's turn.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let fault = self.settings.fault?;
        let number = self.fallible.get();
        self.fallible.set(number + 1);
        (number % self.settings.fault_every == 0).then_some(fault)
    }

    /// Is it this request's turn to be one too many? The first is.
    pub(crate) fn one_too_many(&self) -> bool {
        let number = self.limited.get();
        self.limited.set(number + 1);
        number % 2 == 0
    }

    pub(crate) fn pace(&self, rng: Rng) -> Pace {
        let settings = &self.settings;
        Pace::new(settings.first_token_delay, settings.token_delay, rng)
    }
}

/// Seconds since 1970.
pub(crate) fn unix_time() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
