//! Layer 1, tasks as users see them: `spawn` and its handle, `yield_now`,
//! listings, context variables, `println!`.
//!
//! Imports `base` and `event_loop`.

pub(crate) mod handle;
pub(crate) mod cancel_on_drop;
pub(crate) mod yield_now;
pub(crate) mod listing;
pub(crate) mod context_var;
pub(crate) mod print;
