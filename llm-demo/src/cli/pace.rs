//! How fast an answer comes.
//!
//! **Invariant:** times are the loop's, so that virtual time holds for them.

use std::fmt;
use std::time::{Duration, Instant};

use executor::now;
use first_programs::rounded;
use serde_json::{Value, json};

use crate::reply::ChatResponse;
use crate::wire::Usage;

/// A stop-watch for one stream: started before the question, stepped at each
/// reply.
#[derive(Clone, Debug)]
pub struct Pace {
    begun: Instant,
    first: Option<Instant>,
    last: Instant,
    deltas: u32,
    usage: Option<Usage>,
}

impl Pace {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// Outside a running loop.
    #[expect(clippy::new_without_default, reason = "it looks at the clock")]
    pub fn new() -> Self {
        Pace {
            begun: now(),
            first: None,
            last: now(),
            deltas: 0,
            usage: None,
        }
    }

    /// Counts a reply.
    pub fn step(&mut self, reply: &ChatResponse) {
        self.usage = reply.usage.or(self.usage);
        if !reply.delta.is_empty() {
            self.last = now();
            self.first.get_or_insert(self.last);
            self.deltas += 1;
        }
    }

    /// How long the first text took.
    pub fn first_token(&self) -> Option<Duration> {
        Some(self.first? - self.begun)
    }

    /// How long all of it took, so far.
    pub fn total(&self) -> Duration {
        self.last - self.begun
    }

    /// How many deltas came.
    pub fn deltas(&self) -> u32 {
        self.deltas
    }

    /// Deltas in a second, from the first to the last.
    pub fn per_second(&self) -> Option<f64> {
        let time = self.last - self.first?;
        let gaps = self.deltas.checked_sub(1)?;
        (!time.is_zero()).then(|| f64::from(gaps) / time.as_secs_f64())
    }

    /// The same for programs.
    pub fn to_json(&self) -> Value {
        let usage = self.usage.map(|usage| {
            json!({
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "total_tokens": usage.total_tokens,
            })
        });
        let first = self.first_token().map(|first| first.as_secs_f64() * 1e3);
        json!({ "usage": usage, "ttft_ms": first, "tokens_per_second": self.per_second() })
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.first_token() else {
            return f.write_str("no text came");
        };
        write!(f, "first token after {}", rounded(first, 0))?;
        if let Some(rate) = self.per_second() {
            write!(f, ", {rate:.0} tokens/s")?;
        }
        match self.usage {
            Some(usage) => write!(
                f,
                ", {} tokens in, {} out",
                usage.prompt_tokens, usage.completion_tokens
            ),
            None => write!(f, ", {} deltas; the server told no usage", self.deltas),
        }
    }
}
