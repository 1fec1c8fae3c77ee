//! Layer 2, the operating system: child processes, signals, stdin.
//!
//! Imports layers 0 and 1, and of `net` what registers and reads pipes.

#[cfg(unix)]
pub mod process;
#[cfg(unix)]
pub mod signal;
pub mod stdin;
