//! The table as text: what `cargo bench` ends with.

use std::fmt::{self, Display};

use crate::contender::FLOOR;
use crate::measured::{Entry, Measured, Verdict};

/// The rows, the least favourable first.
pub(super) struct Table(Vec<Measured>);

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
            write_row(row, f)?;
        }
        writeln!(f)?;
        self.list(f, "slower than tokio", is_lost)?;
        self.list(f, "above the goal", is_above_goal)?;
        if has_peers {
            self.list(f, "slower than the best other", is_behind_a_peer)?;
        }
        let ahead = self.0.iter().filter(|row| row.tokio().ratio.high < 1.0);
        writeln!(
            f,
            "{} of {} rows take less than tokio, {} takes more; the rest is within noise.",
            ahead.count(),
            self.0.len(),
            self.0.iter().filter(|row| is_lost(row)).count(),
        )
    }
}

fn write_row(row: &Measured, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let ratio = row.tokio().ratio;
    let floor = row.entry(FLOOR).map_or("-".to_string(), |floor| {
        let digits = usize::from(floor.ratio.median < 100.0);
        format!("{:.digits$}", floor.ratio.median)
    });
    write!(
        f,
        "{:<44} {:>10.1} {:>10.1}  {:>6.3}  {:<15} {:>6} {:>4}",
        row.id,
        row.executor().cost.median,
        row.tokio().cost.median,
        ratio.median,
        format!("[{:.3} {:.3}]", ratio.low, ratio.high),
        floor,
        row.goal,
    )?;
    if let Some(peer) = row.best_peer() {
        write!(f, "  {:>6.3} {:<14}", peer.ratio.median, peer.name)?;
    }
    writeln!(f, "  {}", word(row.verdict()))
}

/// Returns what the row says about its promise; nothing where it is met.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Lost => "LOST",
        Verdict::AboveGoal => "above the goal",
        Verdict::WithinNoise => "within noise",
        Verdict::Met => "",
    }
}

/// Whether the row is slower than tokio, and not only in some rounds.
fn is_lost(row: &Measured) -> bool {
    row.verdict() == Verdict::Lost
}

/// Whether the row is above the promised ratio, and not only in some rounds.
fn is_above_goal(row: &Measured) -> bool {
    row.tokio().ratio.low > row.goal
}

/// Whether the row is slower than another runtime, and not only in some rounds.
fn is_behind_a_peer(row: &Measured) -> bool {
    row.best_peer().is_some_and(Entry::is_ahead)
}
