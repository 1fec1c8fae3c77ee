//! Layer 1, several futures at once: `gather`, `try_gather`, `race`,
//! `as_completed`.
//!
//! They create no tasks: the futures are polled inside the task that awaits
//! them, so they may borrow its locals, and dropping the combination drops
//! them. `set` has what the combinators share, and the futures of a tuple; `list`
//! has those of a `Vec` or an array. A combinator only says which outputs it
//! keeps and which one ends it.
//!
//! Imports `base` and `event_loop`.

pub(crate) mod set;
pub(crate) mod list;
pub(crate) mod gather;
pub(crate) mod try_gather;
pub(crate) mod race;
pub(crate) mod as_completed;
