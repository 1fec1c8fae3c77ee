//! Short labels for times and source lines.
//!
//! **Invariant:** a label of a time is the text of at most three digits that is
//! nearest to it.
//!
//! Called by `lanes` and the drawings.

use std::time::Duration;

/// Returns `main.rs:12` for `src/main.rs:12:5`.
pub(super) fn file_and_line(site: &str) -> String {
    let last = site.rsplit(['/', '\\']).next().unwrap_or(site);
    let mut parts = last.split(':');
    let file = parts.next().unwrap_or_default();
    let line = parts.next().unwrap_or_default();
    format!("{file}:{line}")
}

/// Returns a time with its unit, rounded to three digits: `1.25 ms`.
pub(crate) fn short(time: Duration) -> String {
    rounded(time.as_nanos(), 3)
}

/// Returns a time with its unit, rounded to the nearest text of `digits` digits
/// (three or more), without zeros at its end. The loop player's
/// `sentence.js` has the same function.
fn rounded(nanos: u128, digits: usize) -> String {
    if nanos == 0 {
        return "0 s".into();
    }
    let units = [
        (1, "ns"),
        (1_000, "µs"),
        (1_000_000, "ms"),
        (1_000_000_000, "s"),
    ];
    for (size, unit) in units {
        // Three digits before the point, and in the last unit all that remain.
        let fewest = if unit == "s" { 0 } else { digits - 3 };
        for decimals in (fewest..digits).rev() {
            let scaled = (nanos * power(decimals) + size / 2) / size;
            if scaled < power(digits) {
                return format!("{} {unit}", decimal(scaled, decimals));
            }
        }
    }
    format!("{} s", (nanos + 500_000_000) / 1_000_000_000)
}

/// Returns `scaled` with its point moved, without zeros at its end.
fn decimal(scaled: u128, decimals: usize) -> String {
    let (whole, rest) = (scaled / power(decimals), scaled % power(decimals));
    let text = format!("{whole}.{rest:0decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

fn power(of_ten: usize) -> u128 {
    10_u128.pow(of_ten as u32)
}

#[cfg(test)]
mod tests {
    use super::rounded;

    /// Lines of `nanoseconds digits text`, which the loop player's tests read too.
    const ROUNDED: &str = include_str!("../../tests/data/durations.txt");

    #[test]
    fn times_are_rounded_to_the_nearest_text_and_carried_to_the_next_unit() {
        for line in ROUNDED.lines().filter(|line| !line.starts_with('#')) {
            let mut parts = line.splitn(3, ' ');
            let nanos = parts.next().unwrap().parse().unwrap();
            let digits = parts.next().unwrap().parse().unwrap();
            assert_eq!(rounded(nanos, digits), parts.next().unwrap(), "{line}");
        }
    }
}
