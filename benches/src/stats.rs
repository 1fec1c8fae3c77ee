//! The middle of some rounds, and how sure one may be of it.

use std::time::Duration;

use serde_json::{Value, json};

/// A median with an interval that holds the true median in about 95 of 100
/// runs, whatever the distribution: it goes from one of the sorted values to
/// another, and the binomial distribution says which.
#[derive(Clone, Copy, Debug)]
pub struct Middle {
    /// The lower end of the interval.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The upper end.
    pub high: f64,
}

impl Middle {
    /// Of some values, at least one.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let last = values.len() - 1;
        let cut = outside(values.len());
        Middle {
            low: values[cut],
            median: values[last / 2],
            high: values[last - cut],
        }
    }

    /// For the files that the report reads.
    pub fn to_json(self) -> Value {
        json!([self.low, self.median, self.high])
    }

    /// The reverse.
    pub fn from_json(value: &Value) -> Option<Self> {
        Some(Middle {
            low: value.get(0)?.as_f64()?,
            median: value.get(1)?.as_f64()?,
            high: value.get(2)?.as_f64()?,
        })
    }
}

/// How many of the sorted values may be left out at each end, so that the rest
/// still holds the median in 95 of 100 cases. With nine values it is one (96 in
/// 100); with fewer than six none, and then the interval is all there is.
fn outside(count: usize) -> usize {
    let mut probability = 0.5_f64.powi(count as i32);
    let mut below = 0.0;
    for left_out in 0..count {
        below += probability;
        if 2.0 * below > 0.05 {
            return left_out.saturating_sub(1);
        }
        probability *= (count - left_out) as f64 / (left_out + 1) as f64;
    }
    0
}

/// Returns the value that `percent` percent of the durations are below.
///
/// # Panics
///
/// If there are no durations, or `percent` is 100 or more.
pub(crate) fn percentile(mut durations: Vec<Duration>, percent: usize) -> Duration {
    durations.sort_unstable();
    durations[durations.len() * percent / 100]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_nine_values_the_outermost_two_are_left_out() {
        let middle = Middle::of((1..=9).rev().map(f64::from));
        assert_eq!((middle.low, middle.median, middle.high), (2.0, 5.0, 8.0));
    }

    #[test]
    fn few_values_are_all_in_the_interval() {
        for count in 1..=5 {
            assert_eq!(outside(count), 0, "{count} values");
        }
        assert_eq!(outside(6), 0);
        assert_eq!(outside(11), 1);
        assert_eq!(outside(21), 5);
    }
}
