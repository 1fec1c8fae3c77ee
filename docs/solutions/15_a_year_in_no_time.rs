//! A test of timers that are due within a year, on a clock that jumps.

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use docs::Exercise;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct Clock {
    start: Instant,
    /// How far a virtual clock has jumped.
    jumped: Option<Duration>,
}

impl Clock {
    fn now(&self) -> Instant {
        match self.jumped {
            Some(jumped) => self.start + jumped,
            None => Instant::now(),
        }
    }

    /// Returns when the deadline has passed.
    fn wait_until(&mut self, deadline: Instant) {
        let left = deadline.saturating_duration_since(self.now());
        match &mut self.jumped {
            Some(jumped) => *jumped += left,
            None => thread::sleep(left),
        }
    }
}

/// Waits for each deadline in turn. Returns the days at which the waits ended.
fn days_of_waits(clock: &mut Clock, deadlines: &[Instant]) -> Vec<u64> {
    let wait = |deadline: &Instant| {
        clock.wait_until(*deadline);
        (clock.now() - clock.start).as_secs() / DAY.as_secs()
    };
    deadlines.iter().map(wait).collect()
}

fn main() -> ExitCode {
    let hint = "what is `jumped` when `start + jumped` is the deadline?";
    Exercise::new(hint).judge("the wait for a day", || {
        let start = Instant::now();
        let jumped = Some(Duration::ZERO);
        let deadlines = [1, 7, 5, 7, 365].map(|days| start + days * DAY);
        let days = days_of_waits(&mut Clock { start, jumped }, &deadlines);
        match days == [1, 7, 7, 7, 365] {
            true => Ok(()),
            false => Err(format!("the waits ended on the days {days:?}")),
        }
    })
}
