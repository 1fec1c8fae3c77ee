//! What the table's pass measured for a row: made there, kept as JSON, and read
//! back by the report.

use serde_json::{Value, json};

use crate::contender::FLOOR;
use crate::stats::Middle;

/// The result of a row.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) id: String,
    pub(crate) goal: f64,
    /// The executor first, tokio second; never fewer.
    pub(crate) entries: Vec<Entry>,
}

/// The result of one contender of a row.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Nanoseconds, or bytes, per operation.
    pub(crate) cost: Middle,
    /// The executor's cost divided by this contender's, round by round.
    pub(crate) ratio: Middle,
}

/// How a row's ratio to tokio compares with the promise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The whole interval is above 1.
    Lost,
    /// The whole interval is above the goal.
    AboveGoal,
    /// Only the median is above the goal.
    WithinNoise,
    Met,
}

impl Measured {
    /// Makes the result from costs, contender by contender and round by round.
    pub(crate) fn of(id: String, goal: f64, rounds: Vec<(&'static str, Vec<f64>)>) -> Self {
        let ours = rounds[0].1.clone();
        let entry = |(name, costs): (&'static str, Vec<f64>)| Entry {
            name: name.to_string(),
            ratio: Middle::of(ours.iter().zip(&costs).map(|(ours, theirs)| ours / theirs)),
            cost: Middle::of(costs),
        };
        Measured {
            id,
            goal,
            entries: rounds.into_iter().map(entry).collect(),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let entry = |entry: &Entry| {
            json!({
                "name": entry.name,
                "cost": entry.cost.to_json(),
                "ratio": entry.ratio.to_json(),
            })
        };
        json!({
            "id": self.id,
            "goal": self.goal,
            "contenders": self.entries.iter().map(entry).collect::<Vec<_>>(),
        })
    }

    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let entry = |value: &Value| {
            Some(Entry {
                name: value["name"].as_str()?.to_string(),
                cost: Middle::from_json(&value["cost"])?,
                ratio: Middle::from_json(&value["ratio"])?,
            })
        };
        let entries: Option<Vec<_>> = value["contenders"].as_array()?.iter().map(entry).collect();
        Some(Measured {
            id: value["id"].as_str()?.to_string(),
            goal: value["goal"].as_f64()?,
            entries: entries.filter(|entries| entries.len() >= 2)?,
        })
    }

    pub(crate) fn group(&self) -> &str {
        self.id.split('/').next().unwrap_or_default()
    }

    pub(crate) fn executor(&self) -> &Entry {
        &self.entries[0]
    }

    pub(crate) fn tokio(&self) -> &Entry {
        &self.entries[1]
    }

    pub(crate) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Returns the cheapest runtime.
    pub(crate) fn best(&self) -> &Entry {
        cheapest(&self.entries).unwrap_or(self.executor())
    }

    /// Returns the cheapest runtime except the executor and tokio's
    /// current-thread runtime.
    pub(crate) fn best_peer(&self) -> Option<&Entry> {
        cheapest(&self.entries[2..])
    }

    /// Returns the cheapest runtime among those that certainly need less than
    /// the executor.
    pub(crate) fn leader(&self) -> Option<&Entry> {
        cheapest(self.entries[1..].iter().filter(|entry| entry.is_ahead()))
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let ratio = self.tokio().ratio;
        match ratio.median {
            _ if self.tokio().is_ahead() => Verdict::Lost,
            _ if ratio.low > self.goal => Verdict::AboveGoal,
            median if median > self.goal => Verdict::WithinNoise,
            _ => Verdict::Met,
        }
    }
}

impl Entry {
    /// Whether the executor needs more than this contender in the whole
    /// interval of the ratio.
    pub(crate) fn is_ahead(&self) -> bool {
        self.ratio.low > 1.0
    }
}

/// Returns the entry with the lowest cost, the floor excepted.
fn cheapest<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Option<&'a Entry> {
    let runtimes = entries.into_iter().filter(|entry| entry.name != FLOOR);
    runtimes.min_by(|a, b| a.cost.median.total_cmp(&b.cost.median))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three rounds in which a contender's cost differs by one at most.
    fn measured(costs: [(&'static str, f64); 4]) -> Measured {
        let rounds = costs.map(|(name, cost)| (name, vec![cost, cost + 1.0, cost - 1.0]));
        Measured::of("group/row".to_string(), 1.0, rounds.into())
    }

    #[test]
    fn the_floor_is_never_the_best_and_the_leader_is_ahead_for_certain() {
        let row = measured([
            ("executor", 1000.0),
            ("tokio", 900.0),
            ("smol", 800.0),
            (FLOOR, 10.0),
        ]);
        assert_eq!(row.verdict(), Verdict::Lost);
        assert_eq!(row.best().name, "smol");
        assert_eq!(row.best_peer().map(|one| &*one.name), Some("smol"));
        assert_eq!(row.leader().map(|one| &*one.name), Some("smol"));
    }

    #[test]
    fn a_row_is_the_same_after_it_was_kept() {
        let row = measured([
            ("executor", 100.0),
            ("tokio", 200.0),
            ("smol", 300.0),
            (FLOOR, 10.0),
        ]);
        let kept = Measured::from_json(&row.to_json()).expect("what was just written");
        assert_eq!(format!("{kept:?}"), format!("{row:?}"));
        assert_eq!(
            (kept.verdict(), kept.leader().is_none()),
            (Verdict::Met, true)
        );
        assert_eq!(kept.group(), "group");
    }
}
