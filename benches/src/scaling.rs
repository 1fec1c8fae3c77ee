//! What one item costs when there are ten of them, and when there are a million.
//!
//! The work is that of the rows `spawn/.. join all`, `gather/.. wake_by_ref`,
//! `timers/.. one deadline (CPU)` and `tcp/echo (CPU)`, see there; here the
//! number of items changes. A flat line is what one hopes for: it rises where
//! the processor's caches end, or where something is done that grows faster
//! than the number of items.

use serde_json::{Value, json};

use crate::effort;
use crate::gather::{self, of_yielding};
use crate::results;
use crate::row::{Contender, FLOOR, Load, Work, keep_runnable, sides};
use crate::spawn::{self, many};
use crate::stats::Middle;
use crate::tcp::{self, echo_each_cpu};
use crate::timers::{self, one_deadline};

/// How many turns each takes.
const ROUNDS: usize = 5;

/// About so many items are worked on in one turn, if there are fewer at once.
const ITEMS: u64 = 100_000;

const UP_TO_A_MILLION: &[u64] = &[10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// As many as the descriptors of one process allow in most places: each takes
/// two.
const UP_TO_THOUSANDS: &[u64] = &[10, 100, 1_000, 8_000];

/// Measures and prints; keeps the result for the report.
pub fn print() {
    println!("\nWhat does one item cost, by how many there are? ns per item.\n");
    let mut kept = Vec::new();
    let series: [(&str, &[u64], Vec<Contender>, Work); 4] = [
        (
            "spawn",
            UP_TO_A_MILLION,
            sides!([] many),
            spawn::many_by_hand,
        ),
        (
            "gather",
            UP_TO_A_MILLION,
            sides!([] of_yielding),
            gather::yielding_by_hand,
        ),
        (
            "timers (CPU)",
            UP_TO_A_MILLION,
            sides!([timed] one_deadline),
            timers::floor::one_deadline,
        ),
        (
            "connections (CPU)",
            UP_TO_THOUSANDS,
            sides!([local] echo_each_cpu),
            tcp::echo_by_hand,
        ),
    ];
    for (name, counts, mut contenders, floor) in series {
        contenders.push(Contender {
            name: FLOOR,
            work: floor,
        });
        keep_runnable(&mut contenders);
        for count in counts {
            eprintln!("{name}: {count}");
            for (contender, cost) in measure(&contenders, *count) {
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

fn measure(contenders: &[Contender], count: u64) -> Vec<(&'static str, Middle)> {
    let load = Load {
        batch: count,
        times: (ITEMS / count).max(1),
    };
    let items = (load.batch * load.times) as f64;
    let mut costs: Vec<_> = contenders
        .iter()
        .map(|one| (one.name, Vec::new()))
        .collect();
    for _ in 0..effort::rounds(ROUNDS) {
        for (contender, (_, costs)) in contenders.iter().zip(&mut costs) {
            costs.push((contender.work)(load).as_nanos() as f64 / items);
        }
    }
    let middle = |(name, costs): (_, Vec<f64>)| (name, Middle::of(costs));
    costs.into_iter().map(middle).collect()
}
