//! Time on the wall, and on the processor.

use std::time::{Duration, Instant};

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
/// Both runtimes do all their timer work on the one thread that runs them, so
/// nothing hides from it. It reads the clock through a system call, which
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

#[cfg(target_os = "linux")]
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("CPU time is not negative")
}

#[cfg(not(target_os = "linux"))]
fn thread_time() -> Duration {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
