//! Durations and numbers, read from the command line and shown to people.
//!
//! **Invariant:** no duration read is longer than [`LONGEST`], so the loop can
//! wait for it. A program that adds durations up checks their sum.

use std::num::NonZeroUsize;
use std::time::Duration;

/// The longest duration that the programs accept: 500 years. The loop counts
/// nanoseconds in 64 bits, which overflow after 584 years.
pub const LONGEST: Duration = Duration::from_secs(500 * 31_557_600);

/// Parses a duration as people write it.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(first_programs::duration("2s"), Ok(Duration::from_secs(2)));
/// assert_eq!(first_programs::duration("1min 30s"), Ok(Duration::from_secs(90)));
/// assert!(first_programs::duration("2").unwrap_err().contains("unit"));
/// ```
///
/// # Errors
///
/// If the text is no duration, or is one longer than [`LONGEST`].
pub fn duration(text: &str) -> Result<Duration, String> {
    // humantime panics on some sums that overflow. They all have more digits
    // than this, and no accepted duration needs as many.
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let too_long = || format!("the longest is {}", friendly(LONGEST));
    if digits > 18 {
        return Err(too_long());
    }
    let parsed = humantime::parse_duration(text)
        .map_err(|_| "write a number and a unit, for example 2s or 150ms")?;
    if parsed > LONGEST {
        return Err(too_long());
    }
    Ok(parsed)
}

/// Parses a duration that is not zero.
///
/// ```
/// assert!(first_programs::some_time("1ns").is_ok());
/// assert!(first_programs::some_time("0s").is_err());
/// ```
///
/// # Errors
///
/// Those of [`duration`], and if the duration is zero.
pub fn some_time(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be more than zero".into()),
        some => Ok(some),
    }
}

/// Parses a whole number that is not zero.
///
/// ```
/// assert_eq!(first_programs::at_least_one("3").unwrap().get(), 3);
/// assert!(first_programs::at_least_one("0").is_err());
/// ```
///
/// # Errors
///
/// If the text is no whole number, or is zero.
pub fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "it must be a whole number, 1 or more".into())
}

/// Formats a duration for people: with two decimals below a minute, in whole
/// seconds above.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(first_programs::friendly(Duration::from_micros(2_003_700)), "2.00s");
/// assert_eq!(first_programs::friendly(Duration::from_millis(59_996)), "1m");
/// assert_eq!(first_programs::friendly(Duration::from_secs(3 * 31_557_600)), "3years");
/// ```
pub fn friendly(duration: Duration) -> String {
    if duration.is_zero() {
        "0s".into()
    } else if duration < Duration::from_millis(59_995) {
        rounded(duration, 2)
    } else {
        let rounded = duration.saturating_add(Duration::from_millis(500));
        humantime::format_duration(Duration::from_secs(rounded.as_secs())).to_string()
    }
}

/// Formats a duration in its largest unit, rounded to this number of decimals.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(first_programs::rounded(Duration::from_nanos(999_949), 1), "999.9µs");
/// assert_eq!(first_programs::rounded(Duration::from_nanos(999_950), 1), "1.0ms");
/// ```
pub fn rounded(duration: Duration, decimals: usize) -> String {
    // std rounds too, but keeps the unit: the second example would be 1000.0µs.
    let units = [1_000_000_000, 1_000_000, 1_000];
    let unit = units.into_iter().find(|unit| duration.as_nanos() >= *unit);
    let step = (unit.unwrap_or(1) / 10_u128.pow(decimals as u32)).max(1);
    let up = duration.saturating_add(Duration::from_nanos(step as u64 / 2));
    let rounded = up - Duration::from_nanos((up.as_nanos() % step) as u64);
    format!("{rounded:.decimals$?}")
}
