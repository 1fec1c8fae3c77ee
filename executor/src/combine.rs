//! Layer 1, several futures at once: `gather`, `try_gather`, `race`,
//! `as_completed`.
//!
//! They create no tasks: the futures are polled inside the task that awaits
//! them, so they may borrow its locals, and dropping the combination drops
//! them. `list` holds the futures of a `Vec` or an array, `tuple` those of a
//! tuple; the combinators are written once for both.
//!
//! Imports `base` and `event_loop`.

pub(crate) mod set;
pub(crate) mod list;
pub(crate) mod tuple;
pub(crate) mod gather;
pub(crate) mod try_gather;
pub(crate) mod race;
pub(crate) mod as_completed;
