//! The interleaved pass: all contenders by turns, and one table of ratios.

mod print;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::memory;
use crate::contender::{Contender, Load};
use crate::measured::Measured;
use crate::row::Row;
#[cfg(feature = "llm")]
use crate::row::SAME;
use crate::{effort, groups, results};
use print::Table;

/// How many times a row's contenders take turns. Odd, so that the median is one
/// of the rounds.
const ROUNDS: usize = 9;

/// How long one contender's part of a round takes, where one iteration is not
/// longer already. Long enough that the clock and the start of the runtime do
/// not show, short enough that all see the same machine.
const SHARE: Duration = Duration::from_millis(30);

/// Another runtime that takes longer for one iteration gets a single turn: its
/// number has no spread, and the others need not wait for it nine times.
const TOO_LONG: Duration = Duration::from_secs(1);

/// Measures the rows whose [id](Row::id) contains the text, and the rows of
/// memory likewise; prints the table. Tells on stderr what it is at. What an
/// empty text finds is kept for the report. The group `llm` needs the path of
/// the program `serve`.
pub fn print(filter: &str, serve: Option<&Path>) {
    let rows = groups::all()
        .into_iter()
        .filter(|row| row.id().contains(filter));
    let rows: Vec<_> = rows.collect();
    let memory = memory::rows()
        .into_iter()
        .filter(|row| row.id.contains(filter));
    let mut results: Vec<Measured> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        eprintln!("[{}/{}] {}", at + 1, rows.len(), row.id());
        results.extend(measure(row));
    }
    results.extend(llm(filter, serve));
    for row in memory {
        eprintln!("{}", row.id);
        match row.measure() {
            Ok(rounds) => results.push(Measured::of(row.id.to_string(), row.goal, rounds)),
            Err(reason) => eprintln!("skipped: {}: {reason}", row.id),
        }
    }
    if filter.is_empty() {
        let rows: Vec<_> = results.iter().map(Measured::to_json).collect();
        results::save("table", &Value::from(rows));
    }
    println!("{}", Table::new(results));
}

/// The rows of the group `llm`, if this program has it.
#[cfg(feature = "llm")]
fn llm(filter: &str, serve: Option<&Path>) -> Vec<Measured> {
    use super::llm;
    let Some(serve) = serve.filter(|_| llm::is_asked_for(filter)) else {
        return Vec::new();
    };
    let measured = llm::measure(serve);
    if filter.is_empty() {
        llm::save(&measured);
    }
    let rows = llm::rows(&measured, filter).into_iter();
    rows.map(|row| Measured::of(row.id.to_string(), SAME, row.rounds))
        .collect()
}

#[cfg(not(feature = "llm"))]
fn llm(_: &str, _: Option<&Path>) -> Vec<Measured> {
    Vec::new()
}

/// Runs all contenders by turns. The first changes from round to round, so
/// that none always finds the caches as the same other left them.
fn measure(row: &Row) -> Option<Measured> {
    let able: Vec<_> = row
        .contenders
        .iter()
        .filter_map(|contender| Some((contender, pace(row, contender)?)))
        .collect();
    let mut rounds: Vec<_> = able
        .iter()
        .map(|(contender, _)| (contender.name, Vec::with_capacity(ROUNDS)))
        .collect();
    let count = effort::rounds(ROUNDS);
    for round in 0..count {
        for at in 0..able.len() {
            let at = (at + round) % able.len();
            let (contender, Pace { times, is_slow }) = able[at];
            let costs = &mut rounds[at].1;
            match costs.last() {
                Some(cost) if is_slow => costs.push(*cost),
                _ => costs.extend(measure_once(row, contender, times)),
            }
        }
    }
    // A contender that fails in the middle has no turn beside the others'.
    rounds.retain(|(_, costs)| costs.len() == count);
    let has_both = rounds.len() > 1 && rounds[0].0 == "executor" && rounds[1].0 == "tokio";
    has_both.then(|| Measured::of(row.id(), row.goal, rounds))
}

/// One turn: the cost of an operation, or nothing after a panic.
fn measure_once(row: &Row, contender: &Contender, times: u64) -> Option<f64> {
    let load = row.load(times);
    let took = contender.work_or_skip(&row.id(), load)?;
    Some(per_operation(took, load))
}

fn per_operation(took: Duration, load: Load) -> f64 {
    took.as_nanos() as f64 / (load.batch * load.times) as f64
}

/// How a contender does a row.
#[derive(Clone, Copy)]
struct Pace {
    /// How many iterations make a [`SHARE`].
    times: u64,
    /// Whether one of them is [`TOO_LONG`] already.
    is_slow: bool,
}

/// Warms a contender up and finds its pace; none if it cannot do the row.
fn pace(row: &Row, contender: &Contender) -> Option<Pace> {
    // The two of which a loss is told need all their turns.
    let is_judged = ["executor", "tokio"].contains(&contender.name);
    let share = effort::time(SHARE);
    let mut times = 1;
    loop {
        let started = Instant::now();
        measure_once(row, contender, times)?;
        let took = started.elapsed();
        if took > share / 10 {
            let fit = times as f64 * share.as_secs_f64() / took.as_secs_f64();
            return Some(Pace {
                times: (fit as u64).max(1),
                is_slow: times == 1 && took > TOO_LONG && !is_judged,
            });
        }
        times *= 2;
    }
}
