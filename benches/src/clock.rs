//! Time on the wall, and on the processor.

use std::time::{Duration, Instant};

use crate::side::Side;

/// Measures the time until [`stop`](Stopwatch::stop).
#[derive(Debug)]
pub struct Stopwatch {
    started: Instant,
}

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Stopwatch {
            started: Instant::now(),
        }
    }

    /// How long it has been.
    pub fn stop(self) -> Duration {
        self.started.elapsed()
    }
}

/// Measures what the calling thread works until [`stop`](CpuWatch::stop), for
/// rows that mostly sleep: there the time on the wall says nothing.
///
/// Nothing hides from it where a runtime does all its work on the one thread
/// that runs it; for others there is [`RuntimeCpuWatch`]. It reads the clock through a system call, which
/// costs some hundred nanoseconds: use it around many operations, not one. Only
/// Linux; elsewhere it gives the time on the wall.
#[derive(Debug)]
pub struct CpuWatch {
    started: Duration,
}

impl CpuWatch {
    /// Starts now.
    pub fn start() -> Self {
        CpuWatch {
            started: thread_time(),
        }
    }

    /// How long the thread has worked since.
    pub fn stop(self) -> Duration {
        thread_time().saturating_sub(self.started)
    }
}

/// The same for a runtime: what its thread works, or the whole process where it
/// has several threads and nothing else runs in the process meanwhile.
#[derive(Debug)]
pub struct RuntimeCpuWatch {
    started: Duration,
    time: fn() -> Duration,
}

impl RuntimeCpuWatch {
    /// Starts now.
    pub fn start<S: Side>() -> Self {
        let time = if S::ONE_THREAD {
            thread_time
        } else {
            process_time
        };
        RuntimeCpuWatch {
            started: time(),
            time,
        }
    }

    /// How long the runtime has worked since.
    pub fn stop(self) -> Duration {
        (self.time)().saturating_sub(self.started)
    }
}

/// Returns an upper bound for the time to arm that many timers on a busy
/// machine: a deadline further away is armed before it passes.
pub(crate) fn time_to_arm(timers: u64) -> Duration {
    Duration::from_micros(100 + 2 * timers)
}

#[cfg(target_os = "linux")]
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("CPU time is not negative")
}

#[cfg(target_os = "linux")]
fn process_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("CPU time is not negative")
}

#[cfg(not(target_os = "linux"))]
fn process_time() -> Duration {
    thread_time()
}

#[cfg(not(target_os = "linux"))]
fn thread_time() -> Duration {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
