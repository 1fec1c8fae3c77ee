//! What one item costs when there are ten of them, and when there are a million.
//!
//! The work is that of the rows `spawn/.. join all`, `gather/.. wake_by_ref`,
//! `timers/.. one deadline (CPU)` and `tcp/echo (CPU)`, see there; here the
//! number of items changes. A flat line is what one hopes for: it rises where
//! the processor's caches end, or where something is done that grows faster
//! than the number of items.

use serde_json::{Value, json};

use crate::contender::{Contender, Load, Work, sides};
use crate::effort;
use crate::groups::gather::{self, of_yielding};
use crate::groups::spawn::{self, many};
use crate::groups::tcp::{self, echo_each_cpu};
use crate::groups::timers::{self, one_deadline};
use crate::results;
use crate::skipped::keep_runnable;
use crate::stats::Middle;

/// How many turns each takes.
const ROUNDS: usize = 5;

/// About so many items are worked on in one turn, if there are fewer at once.
const ITEMS: u64 = 100_000;

const UP_TO_A_MILLION: &[u64] = &[10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// Timers are waited for each time, a millisecond or two on some runtimes.
const WAITS: u64 = 200;
/// As many as the descriptors of one process allow in most places: each takes
/// two.
const UP_TO_THOUSANDS: &[u64] = &[10, 100, 1_000, 8_000];

/// Measures and prints; keeps the result for the report.
pub fn print() {
    println!("\nWhat does one item cost, by how many there are? ns per item.\n");
    let mut kept = Vec::new();
    for Series {
        name,
        counts,
        most_times,
        mut contenders,
        floor,
    } in all()
    {
        contenders.push(Contender::floor(floor));
        keep_runnable(&mut contenders);
        for count in counts {
            eprintln!("{name}: {count}");
            for (contender, cost) in measure(name, &contenders, *count, most_times) {
                println!(
                    "{name:<18} {count:>8} {contender:<16} {:>10.1}  [{:.1} {:.1}]",
                    cost.median, cost.low, cost.high
                );
                kept.push(json!({
                    "series": name, "count": count, "name": contender, "cost": cost.to_json(),
                }));
            }
        }
    }
    results::save("scaling", &Value::from(kept));
}

/// One kind of items.
struct Series {
    name: &'static str,
    counts: &'static [u64],
    /// How often a turn does it all at most.
    most_times: u64,
    contenders: Vec<Contender>,
    floor: Work,
}

fn all() -> [Series; 4] {
    [
        Series {
            name: "spawn",
            counts: UP_TO_A_MILLION,
            most_times: u64::MAX,
            contenders: sides!([] many),
            floor: spawn::many_by_hand,
        },
        Series {
            name: "gather",
            counts: UP_TO_A_MILLION,
            most_times: u64::MAX,
            contenders: sides!([] of_yielding),
            floor: gather::yielding_by_hand,
        },
        Series {
            name: "timers (CPU)",
            counts: UP_TO_A_MILLION,
            most_times: WAITS,
            contenders: sides!([timed] one_deadline),
            floor: timers::floor::one_deadline,
        },
        Series {
            name: "connections (CPU)",
            counts: UP_TO_THOUSANDS,
            most_times: u64::MAX,
            contenders: sides!([local] echo_each_cpu),
            floor: tcp::echo_by_hand,
        },
    ]
}

fn measure(
    name: &str,
    contenders: &[Contender],
    count: u64,
    most_times: u64,
) -> Vec<(&'static str, Middle)> {
    let load = Load {
        batch: count,
        times: (ITEMS / count).clamp(1, most_times),
    };
    let items = (load.batch * load.times) as f64;
    let mut costs: Vec<_> = contenders
        .iter()
        .map(|one| (one.name, Vec::new()))
        .collect();
    let turns = effort::rounds(ROUNDS);
    for _ in 0..turns {
        for (contender, (_, costs)) in contenders.iter().zip(&mut costs) {
            let took = contender.work_or_skip(name, load);
            costs.extend(took.map(|took| took.as_nanos() as f64 / items));
        }
    }
    costs.retain(|(_, costs)| costs.len() == turns);
    let middle = |(name, costs): (_, Vec<f64>)| (name, Middle::of(costs));
    costs.into_iter().map(middle).collect()
}
