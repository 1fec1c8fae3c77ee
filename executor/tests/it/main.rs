//! The promises of the executor, one file each.
//!
//! A test that pins a case of the behaviour catalogue begins with its id:
//! `c022_…`. The file `coverage` counts them and names what is missing.
//! Nothing here asserts how fast something is; time is virtual wherever the
//! case allows. Miri, an interpreter that looks for undefined behaviour and data
//! races, runs what needs no sockets, processes and sources; and not what is too
//! long for it.

mod common;

mod bombs;
mod cancel;
#[cfg(not(miri))]
mod catalogue;
mod combine;
mod context;
#[cfg(not(miri))]
mod coverage;
#[cfg(not(miri))]
mod datagrams;
mod deadlock;
#[cfg(all(unix, not(miri)))]
mod examples;
mod fairness;
#[cfg(not(miri))]
mod faults;
mod grace;
mod hooks;
mod introspection;
mod jumps;
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
mod kernel;
#[cfg(not(miri))]
mod neighbours;
mod posting;
#[cfg(all(unix, not(miri)))]
mod processes;
mod recording;
mod run;
mod scope;
#[cfg(not(miri))]
mod serve;
#[cfg(not(miri))]
mod sockets;
mod spawn;
mod sync;
#[cfg(all(unix, not(miri)))]
mod terminal;
mod testing;
mod threads;
mod time;
mod virtual_time;
mod wakers;
#[cfg(all(unix, not(miri)))]
mod watching;
