//! Sockets: TCP, UDP and, on Unix, Unix-domain ones.
//!
//! **Invariant:** a call either does its work at once or waits for the reactor
//! to say that it may; it never blocks the loop.
//!
//! A room: calls `runtime` and through it the `reactor`. Users know it as
//! `executor::net`, together with what stands a storey higher: connecting by
//! name and `lookup_host` in `dns`, and `serve`.

#[macro_use]
pub(crate) mod stream_io;
pub(crate) mod addrs;
pub(crate) mod source;
#[cfg(unix)]
mod descriptors;
mod tcp;
mod udp;
#[cfg(unix)]
mod unix;

pub use addrs::{Target, ToAddrs};
pub use tcp::{Incoming, TcpListener, TcpStream};
pub use udp::UdpSocket;
#[cfg(unix)]
pub use unix::{UnixListener, UnixStream};
