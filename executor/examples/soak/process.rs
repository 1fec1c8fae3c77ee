//! Resources of the process, as the operating system lists them.
//!
//! **Invariant:** without `/proc` every count is 0, so a comparison succeeds.
//!
//! Called by `rounds`.

use std::fs;
use std::time::{Duration, Instant};

/// Numbers of descriptors and threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resources {
    descriptors: usize,
    threads: usize,
}

fn count(folder: &str) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

impl Resources {
    pub(crate) fn now() -> Self {
        Resources {
            descriptors: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
        }
    }

    /// Asserts that there are no more than before. The system may list a thread
    /// for some time after it was joined, so this waits up to a minute.
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

/// Returns the resident memory in KiB; 0 on systems without `/proc`.
pub(crate) fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
