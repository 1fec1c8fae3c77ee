//! What the executor costs, beside tokio's current-thread runtime.
//!
//! Every row is one function, generic over the [`Side`](side::Side) that runs
//! it, so both runtimes do the same work. Where they cannot (each has its own
//! `gather`, its own way to run a blocking call), the difference is a method
//! of `Side`, to be read next to its twin.
//!
//! | module | what it holds |
//! |---|---|
//! | [`side`] | the two runtimes, behind one trait |
//! | [`row`] | what a row is; the list of all rows |
//! | [`lifecycle`], [`spawn`], [`yielding`], [`gather`], [`timers`], [`threads`], [`wake`], [`tcp`], [`http`] | the rows, one file per group |
//! | [`net`] | a server on either runtime, and the load on it |
//! | [`leaf`] | futures that several groups use |
//! | [`clock`] | time on the wall, and on the processor |
//! | [`table`] | the interleaved pass and its table |
//! | [`memory`] | bytes per idle task |
//!
//! # How a row is measured
//!
//! A row runs many operations inside *one* run of its runtime and reads the
//! clock inside that run, before the first operation and after the last. So
//! neither the start of the runtime nor its end is in the number, except in
//! the group `lifecycle`, which measures just these.
//!
//! criterion and the table call the same functions. They differ in what they
//! are good for: criterion looks at one runtime for some seconds, and tells
//! whether *it* became slower since the last time. The table runs the two by
//! turns, some milliseconds each, and takes the ratio of neighbours: on a busy
//! machine both then suffer alike, and the ratio is what stays.
//!
//! # How to run it
//!
//! ```text
//! cargo bench                    criterion's groups, then the table
//! cargo bench -- spawn           criterion's rows whose name contains "spawn"
//! cargo bench -- table           the table alone
//! cargo bench -- table gather    the table's rows whose name contains "gather"
//! cargo bench -- --test          every row once, nothing measured
//! ```

pub mod clock;
pub mod gather;
pub mod http;
pub mod leaf;
pub mod lifecycle;
pub mod memory;
pub mod net;
pub mod row;
pub mod side;
pub mod spawn;
pub mod table;
pub mod tcp;
pub mod threads;
pub mod timers;
pub mod wake;
pub mod yielding;
