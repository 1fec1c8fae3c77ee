//! Resident memory of this process, as the kernel counts it.

use std::fs;

/// Returns the bytes that are resident now, or `None` where `/proc` does not
/// say.
pub(crate) fn bytes() -> Option<f64> {
    status_bytes("VmRSS:")
}

/// Returns the largest number of bytes that were resident at once.
pub(crate) fn peak_bytes() -> Option<f64> {
    status_bytes("VmHWM:")
}

fn status_bytes(name: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}
