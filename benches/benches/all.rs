//! The one benchmark program; the crate's front page says how to run it.

use std::env;
use std::path::Path;
use std::time::Duration;

use benches::answers::answer_if_asked;
use benches::contender::{Contender, FLOOR};
use benches::passes::{allocations, lateness, scaling, table};
use benches::python::{ASYNCIO, UVLOOP};
use benches::row::Row;
use benches::{effort, groups, results, skipped};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};

fn main() {
    if answer_if_asked() {
        return;
    }
    skipped::announce();
    match Task::asked_for(&words()) {
        Task::Everyday => {
            run_criterion(criterion().configure_from_args(), is_a_runtime);
            results::save("criterion", &[true].into());
            passes();
        }
        Task::Everything => {
            // Without the arguments: it would take `everything` for a filter.
            run_criterion(criterion(), is_judged);
            results::save("criterion", &[true].into());
            scaling::print();
            passes();
        }
        Task::Table(filter) => table::print(&filter, serve()),
        Task::Lateness => lateness::print(),
        Task::Scaling => scaling::print(),
        Task::Allocations => count_allocations(),
        Task::Criterion => run_criterion(criterion().configure_from_args(), is_a_runtime),
    }
}

/// What follows criterion. The table is the last thing on the screen.
fn passes() {
    lateness::print();
    count_allocations();
    table::print("", serve());
}

/// The server of the group `llm`.
fn serve() -> Option<&'static Path> {
    #[cfg(feature = "llm")]
    return Some(Path::new(env!("CARGO_BIN_EXE_llm-serve")));
    #[cfg(not(feature = "llm"))]
    None
}

fn count_allocations() {
    allocations::print(Path::new(env!("CARGO_BIN_EXE_allocations")));
}

/// The command line, without the word that cargo adds.
fn words() -> Vec<String> {
    env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect()
}

/// What the command line asks for.
enum Task {
    /// criterion's groups, then the shorter passes: `cargo bench`.
    Everyday,
    /// And the longer ones: what the report reads.
    Everything,
    /// The table alone, of some rows.
    Table(String),
    Lateness,
    Scaling,
    Allocations,
    /// Whatever else stands there is for criterion alone: a filter, `--test`,
    /// `--save-baseline`. The same without cargo's own word, for then it is
    /// `cargo test` that runs this.
    Criterion,
}

impl Task {
    fn asked_for(words: &[String]) -> Self {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            [] if env::args().any(|word| word == "--bench") => Task::Everyday,
            ["everything"] => Task::Everything,
            ["table"] => Task::Table(String::new()),
            ["table", filter] => Task::Table(filter.to_string()),
            ["lateness"] => Task::Lateness,
            ["scaling"] => Task::Scaling,
            ["allocations"] => Task::Allocations,
            _ => Task::Criterion,
        }
    }
}

fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(effort::time(Duration::from_millis(300)))
        .measurement_time(effort::time(Duration::from_secs(1)))
        .sample_size(10)
}

fn run_criterion(mut criterion: Criterion, is_wanted: fn(&Contender) -> bool) {
    let rows = groups::all();
    for group_of_rows in rows.chunk_by(|a, b| a.group == b.group) {
        let mut group = criterion.benchmark_group(group_of_rows[0].group);
        for row in group_of_rows {
            for contender in row.contenders.iter().filter(|one| is_wanted(one)) {
                bench(&mut group, row, contender);
            }
        }
        group.finish();
    }
    criterion.final_summary();
}

/// criterion watches runtimes over time. The floors and Python stand still, and
/// only the table has them.
fn is_a_runtime(contender: &Contender) -> bool {
    ![FLOOR, ASYNCIO, UVLOOP].contains(&contender.name)
}

/// The two that the report has criterion's numbers of: the others would take
/// ten minutes more, and the table has them all.
fn is_judged(contender: &Contender) -> bool {
    ["executor", "tokio"].contains(&contender.name)
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, row: &Row, contender: &Contender) {
    group.throughput(Throughput::Elements(row.batch));
    let id = BenchmarkId::new(row.name, contender.name);
    contender.or_skip(&row.id(), || {
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|times| (contender.work)(row.load(times)));
        });
    });
}
