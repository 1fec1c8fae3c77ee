//! A small async runtime: one thread, safe Rust.

mod net;
mod queue;
mod reactor;
mod run;
mod several;
mod slots;
mod spawn;
mod streams;
mod sync;
mod threads;
mod time;
mod trace;

pub use net::{TcpListener, TcpStream};
pub use reactor::Direction;
pub use run::{Runner, current, run};
pub use several::{Elapsed, gather, race, timeout};
pub use spawn::{JoinError, JoinHandle, spawn, yield_now};
pub use streams::{Lines, data, next};
pub use threads::to_thread;
pub use time::{Sleep, now, sleep};
