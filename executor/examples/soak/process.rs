//! What the process has, from the system's own books.

use std::fs;
use std::time::{Duration, Instant};

/// Descriptors and threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Belongings {
    descriptors: usize,
    threads: usize,
}

fn count(folder: &str) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

impl Belongings {
    pub(crate) fn now() -> Self {
        Belongings {
            descriptors: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
        }
    }

    /// Fails if there is more than before. A thread that was joined may stand
    /// in the list for a moment longer, so it looks more than once.
    pub(crate) fn assert_no_more_than(before: Self) {
        let began = Instant::now();
        loop {
            let now = Self::now();
            if now.descriptors <= before.descriptors && now.threads <= before.threads {
                return;
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "left over: {now:?}, before {before:?}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Resident memory in KiB; 0 where the system does not say.
pub(crate) fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
