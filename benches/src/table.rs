//! The interleaved pass: both runtimes by turns, and one table of ratios.

use std::fmt::{self, Display};
use std::time::{Duration, Instant};

use crate::memory;
use crate::row::{self, Row, Work};

/// How many times each row's two sides take turns. Odd, so that the median is
/// one of them.
const ROUNDS: usize = 9;

/// How long the two sides of one round take together, where one iteration is
/// not longer already. Long enough that the clock and the start of the runtime
/// do not show, short enough that both sides see the same machine.
const ROUND: Duration = Duration::from_millis(60);

/// Measures the rows whose [id](Row::id) contains the text, and bytes per idle
/// task if `memory` does; prints the table. Tells on stderr what it is at.
pub fn print(filter: &str) {
    let rows = row::all()
        .into_iter()
        .filter(|row| row.id().contains(filter));
    let mut results: Vec<_> = rows.map(|row| measure(&row)).collect();
    for (row, goal) in memory::ROWS {
        if row.contains(filter) {
            results.extend(measure_memory(row, goal));
        }
    }
    results.sort_by(|a, b| b.ratio.median.total_cmp(&a.ratio.median));
    println!("{}", Table(&results));
}

/// What came out for one row.
struct Measured {
    id: String,
    goal: f64,
    /// Nanoseconds, or bytes, per operation.
    executor: f64,
    tokio: f64,
    ratio: Quartiles,
}

struct Quartiles {
    low: f64,
    median: f64,
    high: f64,
}

/// Runs both sides by turns. Who begins changes from round to round, so that
/// neither always finds the caches as the other left them.
fn measure(row: &Row) -> Measured {
    eprintln!("{}", row.id());
    let times = iterations(row);
    let operations = (row.batch * times) as f64;
    let time = |work: Work| work(row.load(times)).as_nanos() as f64 / operations;
    let rounds = (0..ROUNDS).map(|round| {
        if round % 2 == 0 {
            let executor = time(row.executor);
            (executor, time(row.tokio))
        } else {
            let tokio = time(row.tokio);
            (time(row.executor), tokio)
        }
    });
    summarize(row.id(), row.goal, rounds.collect())
}

/// How many iterations make a [`ROUND`]. Also warms both sides up.
fn iterations(row: &Row) -> u64 {
    let mut times = 1;
    loop {
        let started = Instant::now();
        (row.executor)(row.load(times));
        (row.tokio)(row.load(times));
        let took = started.elapsed();
        if took > ROUND / 10 {
            let fit = times as f64 * ROUND.as_secs_f64() / took.as_secs_f64();
            return (fit as u64).max(1);
        }
        times *= 2;
    }
}

/// Bytes per idle task or connection; children of this program measure them.
fn measure_memory(row: &str, goal: f64) -> Option<Measured> {
    eprintln!("{row}");
    match memory::measure(row) {
        Ok((executor, tokio)) => {
            let rounds = vec![(executor, tokio)];
            Some(summarize(row.to_string(), goal, rounds))
        }
        Err(reason) => {
            println!("{row} is left out: {reason}");
            None
        }
    }
}

fn summarize(id: String, goal: f64, rounds: Vec<(f64, f64)>) -> Measured {
    let quartiles = |value: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        let last = values.len() - 1;
        Quartiles {
            low: values[last / 4],
            median: values[last / 2],
            high: values[last - last / 4],
        }
    };
    Measured {
        id,
        goal,
        executor: quartiles(|round| round.0).median,
        tokio: quartiles(|round| round.1).median,
        ratio: quartiles(|round| round.0 / round.1),
    }
}

impl Measured {
    /// What the row says about its promise, in a word.
    fn verdict(&self) -> &'static str {
        match self.ratio.median {
            _ if self.is_lost() => "LOST",
            _ if self.is_above_goal() => "above the goal",
            ratio if ratio > self.goal => "within noise",
            _ => "",
        }
    }

    /// Slower than tokio, and not only in some rounds?
    fn is_lost(&self) -> bool {
        self.ratio.low > 1.0
    }

    /// The same for the promised ratio.
    fn is_above_goal(&self) -> bool {
        self.ratio.low > self.goal
    }
}

struct Table<'a>(&'a [Measured]);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nns per operation ({}: bytes), the executor beside tokio's current-thread runtime",
            memory::ID
        )?;
        writeln!(
            f,
            "{:<43} {:>9} {:>9}  {:>6}  {:<13} {:>4}",
            "row", "executor", "tokio", "ratio", "quartiles", "goal"
        )?;
        for row in self.0 {
            writeln!(
                f,
                "{:<43} {:>9.1} {:>9.1}  {:>6.3}  {:.3}..{:<6.3} {:>4}  {}",
                row.id,
                row.executor,
                row.tokio,
                row.ratio.median,
                row.ratio.low,
                row.ratio.high,
                row.goal,
                row.verdict()
            )?;
        }
        self.list(f, "slower than tokio", Measured::is_lost)?;
        self.list(f, "above the goal", Measured::is_above_goal)
    }
}

impl Table<'_> {
    fn list(
        &self,
        f: &mut fmt::Formatter<'_>,
        what: &str,
        is_one: fn(&Measured) -> bool,
    ) -> fmt::Result {
        let ids: Vec<_> = self
            .0
            .iter()
            .filter(|row| is_one(row))
            .map(|row| &*row.id)
            .collect();
        let ids = if ids.is_empty() {
            "none".to_string()
        } else {
            ids.join("; ")
        };
        writeln!(f, "{what}: {ids}")
    }
}
