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
mod datagrams;
mod deadlock;
#[cfg(unix)]
mod examples;
mod fairness;
mod faults;
mod grace;
mod introspection;
mod posting;
#[cfg(unix)]
mod processes;
mod recording;
mod replay;
mod run;
mod scope;
mod serve;
mod sockets;
mod spawn;
mod sync;
#[cfg(unix)]
mod terminal;
mod testing;
mod threads;
mod time;
mod virtual_time;
mod wakers;
#[cfg(unix)]
mod watching;
