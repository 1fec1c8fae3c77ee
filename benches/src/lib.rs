//! What the executor costs, beside tokio's current-thread runtime and, with the
//! feature `peers`, beside the other runtimes.
//!
//! Every row is one function, generic over the [`Side`](side::Side) that runs
//! it, so all runtimes do the same work. Where they cannot (each has its own
//! `gather`, its own way to run a blocking call), the difference is a method
//! of `Side`, one beside the other.
//!
//! The modules are layers. Each imports only from rows above its own or from
//! modules before it in its row, and no files import each other in a cycle (but
//! for a module and its own children).
//!
//! | module | contents |
//! |---|---|
//! | [`effort`], [`stats`], [`side`], [`clock`], [`floor`], [`leaf`], `resident`, `child` | how much is measured; medians and their intervals; the executor and tokio behind traits (tasks, timers, threads); wall-clock and CPU time; a loop for hand-written floors; futures that several groups use; resident memory; this program, started again for one question |
//! | [`net`], `peers`, [`python`] | a server on any runtime, and the load on it; the other runtimes, with the feature `peers`; asyncio and uvloop |
//! | [`contender`], [`row`], [`skipped`], [`results`], `measured` | one way to do a row's work; a row; what cannot be measured; the files of results; a row's result |
//! | [`groups`] | the rows, one file per group, and the list of all; a row's floor is in the row's file |
//! | [`passes`] | [`table`](passes::table), the interleaved pass; [`memory`](passes::memory), [`lateness`](passes::lateness), [`scaling`](passes::scaling), [`allocations`](passes::allocations); `llm`, the client of `llm-demo` beside the same on tokio, with the feature `llm` |
//! | [`report`], [`answers`] | the page made from the results; the answer to the question of `child` |
//!
//! # How a row is measured
//!
//! A row runs many operations inside *one* run of its runtime and reads the
//! clock inside that run, before the first operation and after the last. So
//! neither the start of the runtime nor its end is in the number, except in
//! the group `lifecycle`, which measures just these.
//!
//! criterion and the table call the same functions. They differ in what they
//! are good for: criterion looks at one runtime for a second, and tells whether
//! *it* became slower since the last time. The table runs all by turns, some
//! milliseconds each, and takes the ratio of neighbours: on a busy machine all
//! suffer alike, and the ratio is what stays.
//!
//! Most rows also have a *floor*: the same result by code that is written for
//! this one row, without a runtime. It says what is left to win.
//!
//! # How to run it
//!
//! ```text
//! cargo bench                    criterion's groups, then the table (7 minutes)
//! cargo bench -- spawn           criterion's rows whose name contains "spawn"
//! cargo bench -- table           the table alone (2 minutes)
//! cargo bench -- table gather    the table's rows whose name contains "gather"
//! cargo bench -- lateness        how late sleeps end, by their length
//! cargo bench -- scaling         the cost of one of 10, and of one of a million
//! cargo bench -- allocations     allocations and bytes per operation
//! cargo bench -- --test          every row once, nothing measured
//! cargo bench --features peers   the same against every runtime; also with the words above
//! cargo bench --features llm     also the group `llm`, in the table
//!
//! cargo run --release -p benches --bin report             docs/benchmarks.md from what was measured
//! cargo run --release -p benches --bin report -- --run    measures all of it first, with all peers
//! cargo run --release -p benches --bin report -- --try    the same, each thing once and briefly, kept apart
//! ```

pub mod answers;
mod child;
pub mod clock;
pub mod contender;
pub mod effort;
pub mod floor;
pub mod groups;
pub mod leaf;
mod measured;
pub mod net;
pub mod passes;
#[cfg(all(feature = "peers", target_os = "linux"))]
pub mod peers;
pub mod python;
pub mod report;
mod resident;
pub mod results;
pub mod row;
pub mod side;
pub mod skipped;
pub mod stats;
