//! The library for notebooks: one copy of it for all cells.
//!
//! The evcxr kernel makes a library of each cell. Linked into each of them,
//! `executor` would be there once for each cell, with thread-locals of its
//! own: a cell would know nothing of a loop that another cell has started.
//! A `dylib` is loaded once.

pub use executor::*;
