//! The one benchmark program; the crate's front page says how to run it.

use std::env;
use std::time::Duration;

use benches::row::{self, Row, Work};
use benches::{memory, table};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};

fn main() {
    if memory::answer_if_asked() {
        return;
    }
    match TablePass::asked_for(&words()) {
        TablePass::Alone(filter) => table::print(&filter),
        TablePass::AtTheEnd => {
            run_criterion();
            table::print("");
        }
        TablePass::No => run_criterion(),
    }
}

/// The command line, without the word that cargo adds.
fn words() -> Vec<String> {
    env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect()
}

/// Whether the table is printed.
enum TablePass {
    /// After criterion's groups: `cargo bench`.
    AtTheEnd,
    /// Instead of them, for some rows: `cargo bench -- table`.
    Alone(String),
    /// Whatever else stands there is for criterion alone: a filter, `--test`,
    /// `--save-baseline`. The same without cargo's own word, for then it is
    /// `cargo test` that runs this.
    No,
}

impl TablePass {
    fn asked_for(words: &[String]) -> Self {
        match words {
            [] if env::args().any(|word| word == "--bench") => TablePass::AtTheEnd,
            [word] if word == "table" => TablePass::Alone(String::new()),
            [word, filter] if word == "table" => TablePass::Alone(filter.clone()),
            _ => TablePass::No,
        }
    }
}

fn run_criterion() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(10)
        .configure_from_args();
    let rows = row::all();
    for group_of_rows in rows.chunk_by(|a, b| a.group == b.group) {
        let mut group = criterion.benchmark_group(group_of_rows[0].group);
        for row in group_of_rows {
            bench(&mut group, row, "executor", row.executor);
            bench(&mut group, row, "tokio", row.tokio);
        }
        group.finish();
    }
    criterion.final_summary();
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, row: &Row, side: &str, work: Work) {
    group.throughput(Throughput::Elements(row.batch));
    group.bench_function(BenchmarkId::new(row.name, side), |bencher| {
        bencher.iter_custom(|times| work(row.load(times)));
    });
}
