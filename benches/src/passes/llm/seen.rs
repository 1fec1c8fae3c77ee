//! What a client sees: every token, when it was due, and how much memory there
//! is with half of them read.
//!
//! It stands in a thread-local, because both clients do all their work on one
//! thread, and tokio's tasks may not hold anything that is not `Send`.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::clock::{CpuWatch, Stopwatch};
use crate::resident;

/// The names of what is measured. All are nanoseconds for a token, but
/// `memory`, which is bytes for a stream.
pub(super) const MEASURES: [&str; 5] = ["wall", "cpu", "memory", "late_p50", "late_p99"];

/// What came out of a turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) tokens: usize,
    values: [f64; MEASURES.len()],
}

impl Found {
    pub(super) fn get(&self, measure: &str) -> f64 {
        let at = MEASURES.iter().position(|one| *one == measure);
        self.values[at.expect("one of the measures")]
    }

    pub(super) fn to_json(self) -> Value {
        json!({ "tokens": self.tokens, "values": self.values })
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let values = value["values"].as_array()?.iter().map(Value::as_f64);
        Some(Found {
            tokens: value["tokens"].as_u64()? as usize,
            values: values.collect::<Option<Vec<_>>>()?.try_into().ok()?,
        })
    }
}

thread_local! {
    static SEEN: RefCell<Seen> = const { RefCell::new(Seen {
        late: Vec::new(),
        tokens: 0,
        resident: None,
    }) };
}

struct Seen {
    /// In microseconds; as long as there are tokens to come.
    late: Vec<u32>,
    tokens: usize,
    /// With half of the tokens read.
    resident: Option<f64>,
}

/// A turn that goes on.
pub(super) struct Watch {
    streams: usize,
    resident: Option<f64>,
    wall: Stopwatch,
    cpu: CpuWatch,
}

impl Watch {
    /// Begins to see. What was seen before is forgotten.
    pub(super) fn start(streams: usize, tokens: usize) -> Self {
        // Written to, or its pages would be counted as the client's later.
        let late = vec![u32::MAX; streams * tokens];
        SEEN.set(Seen {
            late,
            tokens: 0,
            resident: None,
        });
        Watch {
            streams,
            resident: resident::bytes(),
            wall: Stopwatch::start(),
            cpu: CpuWatch::start(),
        }
    }

    /// Ends it.
    ///
    /// # Errors
    ///
    /// If tokens are missing, or this machine does not tell about memory.
    pub(super) fn stop(self) -> Result<Found, String> {
        let (cpu, wall) = (self.cpu.stop(), self.wall.stop());
        let Seen {
            mut late,
            tokens,
            resident,
        } = SEEN.replace(Seen {
            late: Vec::new(),
            tokens: 0,
            resident: None,
        });
        if tokens != late.len() {
            return Err(format!("{tokens} tokens came, not {}", late.len()));
        }
        let added = resident.zip(self.resident).map(|(half, none)| half - none);
        let added = added.ok_or("it needs VmRSS in /proc/self/status")?;
        late.sort_unstable();
        let percentile = |percent: usize| f64::from(late[(tokens - 1) * percent / 100]) * 1e3;
        let each = |time: std::time::Duration| time.as_nanos() as f64 / tokens as f64;
        Ok(Found {
            tokens,
            values: [
                each(wall),
                each(cpu),
                added / self.streams as f64,
                percentile(50),
                percentile(99),
            ],
        })
    }
}

/// A client has a token in hand: the moment at which it was due.
pub(super) fn token(stamp: &str) {
    let Ok(due) = stamp.trim_end().parse::<u64>() else {
        return; // not one with a stamp: it will be missed at the end
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_micros() as u64);
    SEEN.with_borrow_mut(|seen| {
        let tokens = seen.late.len();
        if let Some(late) = seen.late.get_mut(seen.tokens) {
            *late = now.saturating_sub(due).try_into().unwrap_or(u32::MAX);
        }
        seen.tokens += 1;
        if seen.tokens == tokens / 2 {
            seen.resident = resident::bytes();
        }
    });
}
