//! What threads share is built from these. A model checker puts its own here.

pub use std::sync::atomic::{AtomicBool, Ordering};
pub use std::sync::{Arc, Mutex};
