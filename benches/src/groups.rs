//! The groups of rows, a file each, and the list of all rows.
//!
//! A group imports the files that define and run a row (`row`, `contender`,
//! `side`, `clock`, `floor`, `leaf`, `net`); no group imports another.

pub mod channel;
pub mod gather;
pub mod http;
pub mod lifecycle;
pub mod program;
pub mod spawn;
pub mod stream;
pub mod sync;
pub mod tcp;
pub mod threads;
pub mod timers;
pub mod wake;
pub mod yielding;

use crate::row::Row;
use crate::skipped::keep_runnable;

/// The groups in the order of the tables.
const GROUPS: [fn() -> Vec<Row>; 13] = [
    lifecycle::rows,
    spawn::rows,
    yielding::rows,
    channel::rows,
    gather::rows,
    sync::rows,
    timers::rows,
    threads::rows,
    wake::rows,
    tcp::rows,
    http::rows,
    stream::rows,
    program::rows,
];

/// Returns all rows, group by group, with the contenders that can run on this
/// machine.
pub fn all() -> Vec<Row> {
    let mut rows: Vec<_> = GROUPS.iter().flat_map(|rows| rows()).collect();
    for row in &mut rows {
        keep_runnable(&mut row.contenders);
    }
    rows
}
