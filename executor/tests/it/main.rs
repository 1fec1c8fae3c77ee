//! The promises of the executor, one file each.
//!
//! A test that pins a case of the behaviour catalogue begins with its id:
//! `c022_…`. The file `coverage` counts them and names what is missing.
//! Nothing here asserts how fast something is; time is virtual wherever the
//! case allows.

mod common;

mod cancel;
mod combine;
mod context;
mod coverage;
mod fairness;
mod introspection;
mod posting;
mod run;
mod sockets;
mod spawn;
mod threads;
mod time;
mod virtual_time;
mod wakers;
