//! The steps of Part II of the book are the examples of this package.
//!
//! A folder is a step: `12b` is the second step of chapter 12, and the step
//! after `12a`. `12b_twice` is a side step, a wrong version that is run and
//! not continued from. Each is what the reader's `src` contains at that point.
//!
//! Invariant: a step is the one before plus what its chapter shows.
