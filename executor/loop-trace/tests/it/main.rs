//! Tests of reading, writing, replaying and drawing traces. None needs a
//! runtime: their traces are written by hand.

mod common;

mod format;
#[cfg(not(miri))]
mod rendering;
mod replay;
