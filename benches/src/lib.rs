//! What the executor costs, beside tokio's current-thread runtime and, with the
//! feature `peers`, beside all others that can be had.
//!
//! Every row is one function, generic over the [`Side`](side::Side) that runs
//! it, so all runtimes do the same work. Where they cannot (each has its own
//! `gather`, its own way to run a blocking call), the difference is a method
//! of `Side`, to be read next to its twin.
//!
//! | module | what it holds |
//! |---|---|
//! | [`side`] | the executor and tokio, behind traits: tasks, timers, threads |
//! | `peers` | the other runtimes, with the feature of that name |
//! | [`row`] | what a row is; the list of all rows |
//! | [`lifecycle`], [`spawn`], [`yielding`], [`channel`], [`gather`], [`sync`], [`timers`], [`threads`], [`wake`], [`tcp`], [`http`], [`stream`], [`program`] | the rows, one file per group |
//! | [`net`] | a server on any runtime, and the load on it |
//! | [`floor`] | what the hand-written floors share; each floor stands beside its row |
//! | [`leaf`] | futures that several groups use |
//! | [`clock`], [`stats`] | time on the wall and on the processor; medians and how sure they are |
//! | [`table`] | the interleaved pass and its table |
//! | [`memory`], [`lateness`], [`scaling`], [`allocations`] | passes that are no rows: bytes, lateness, growth, allocations |
//! | `llm` | the client of `llm-demo` beside the same on tokio, with the feature of that name |
//! | [`child`], [`results`], [`effort`], [`report`] | questions for another process; what is kept; how much is measured; the page made from it |
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

pub mod allocations;
pub mod channel;
pub mod child;
pub mod clock;
pub mod effort;
pub mod floor;
pub mod gather;
pub mod http;
pub mod lateness;
pub mod leaf;
pub mod lifecycle;
#[cfg(feature = "llm")]
pub mod llm;
pub mod memory;
pub mod net;
#[cfg(all(feature = "peers", target_os = "linux"))]
pub mod peers;
pub mod program;
pub mod report;
pub mod results;
pub mod row;
pub mod scaling;
pub mod side;
pub mod spawn;
pub mod stats;
pub mod stream;
pub mod sync;
pub mod table;
pub mod tcp;
pub mod threads;
pub mod timers;
pub mod wake;
pub mod yielding;
