//! The table as text: what `cargo bench` ends with.

use std::fmt::{self, Display};

use super::{Entry, Measured};
use crate::contender::FLOOR;

/// The rows, the least favourable first.
pub(super) struct Table(Vec<Measured>);

impl Measured {
    fn executor(&self) -> &Entry {
        &self.entries[0]
    }

    fn tokio(&self) -> &Entry {
        &self.entries[1]
    }

    fn floor(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == FLOOR)
    }

    /// The cheapest of the others, tokio's current-thread runtime left out.
    fn best_peer(&self) -> Option<&Entry> {
        let peers = self.entries[2..].iter();
        peers
            .filter(|entry| entry.name != FLOOR)
            .min_by(|a, b| a.cost.median.total_cmp(&b.cost.median))
    }

    /// What the row says about its promise, in a word.
    fn verdict(&self) -> &'static str {
        match self.tokio().ratio.median {
            _ if self.is_lost() => "LOST",
            _ if self.is_above_goal() => "above the goal",
            ratio if ratio > self.goal => "within noise",
            _ => "",
        }
    }

    /// Slower than tokio, and not only in some rounds?
    fn is_lost(&self) -> bool {
        self.tokio().ratio.low > 1.0
    }

    /// The same for the promised ratio.
    fn is_above_goal(&self) -> bool {
        self.tokio().ratio.low > self.goal
    }

    /// Slower than any other runtime, and not only in some rounds?
    fn is_behind_a_peer(&self) -> bool {
        self.best_peer().is_some_and(|peer| peer.ratio.low > 1.0)
    }
}

impl Table {
    pub(super) fn new(mut rows: Vec<Measured>) -> Self {
        rows.sort_by(|a, b| b.tokio().ratio.median.total_cmp(&a.tokio().ratio.median));
        Table(rows)
    }

    fn list(
        &self,
        f: &mut fmt::Formatter<'_>,
        what: &str,
        is_one: fn(&Measured) -> bool,
    ) -> fmt::Result {
        let rows = self.0.iter().filter(|row| is_one(row));
        let ids: Vec<_> = rows.map(|row| &*row.id).collect();
        let ids = match ids.is_empty() {
            true => "none".to_string(),
            false => ids.join("; "),
        };
        writeln!(f, "{what}: {ids}")
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_peers = self.0.iter().any(|row| row.best_peer().is_some());
        writeln!(
            f,
            "\nHow does it compare with tokio? ns per operation (memory: bytes); tokio is its current-thread\n\
             runtime. Below 1 in `ratio` the executor needs less. In brackets: where the ratio lies with 95 %\n\
             certainty. `floor` is the ratio to code written by hand for the one row.\n"
        )?;
        write!(
            f,
            "{:<44} {:>10} {:>10}  {:>6}  {:<15} {:>6} {:>4}",
            "row", "executor", "tokio", "ratio", "", "floor", "goal"
        )?;
        if has_peers {
            write!(f, "  {:>6} {:<14}", "ratio", "to the best other")?;
        }
        writeln!(f)?;
        for row in &self.0 {
            row.write(f)?;
        }
        writeln!(f)?;
        self.list(f, "slower than tokio", Measured::is_lost)?;
        self.list(f, "above the goal", Measured::is_above_goal)?;
        if has_peers {
            self.list(f, "slower than the best other", Measured::is_behind_a_peer)?;
        }
        let ahead = self.0.iter().filter(|row| row.tokio().ratio.high < 1.0);
        writeln!(
            f,
            "{} of {} rows take less than tokio, {} takes more; the rest is within noise.",
            ahead.count(),
            self.0.len(),
            self.0.iter().filter(|row| row.is_lost()).count(),
        )
    }
}

impl Measured {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.tokio().ratio;
        let floor = self.floor().map_or("-".to_string(), |floor| {
            let digits = usize::from(floor.ratio.median < 100.0);
            format!("{:.digits$}", floor.ratio.median)
        });
        write!(
            f,
            "{:<44} {:>10.1} {:>10.1}  {:>6.3}  {:<15} {:>6} {:>4}",
            self.id,
            self.executor().cost.median,
            self.tokio().cost.median,
            ratio.median,
            format!("[{:.3} {:.3}]", ratio.low, ratio.high),
            floor,
            self.goal,
        )?;
        if let Some(peer) = self.best_peer() {
            write!(f, "  {:>6.3} {:<14}", peer.ratio.median, peer.name)?;
        }
        writeln!(f, "  {}", self.verdict())
    }
}
