//! Layer 2, sockets: TCP, UDP and, on Unix, Unix-domain ones; names; `serve`
//! (asyncio: streams, servers and transports).
//!
//! An operation completes at once or waits until the reactor reports that it
//! can; it never blocks the loop. With the feature `os` alone, only what its
//! pipes need is compiled.
//!
//! Imports layers 0 and 1.

#[cfg(any(unix, feature = "net"))]
pub(crate) mod source;
#[cfg(any(unix, feature = "net"))]
#[macro_use]
pub(crate) mod stream_io;
#[cfg(feature = "net")]
pub(crate) mod addrs;
#[cfg(feature = "net")]
mod accept;
#[cfg(feature = "net")]
pub(crate) mod tcp;
#[cfg(feature = "net")]
pub(crate) mod udp;
#[cfg(all(unix, feature = "net"))]
pub(crate) mod unix;
#[cfg(all(unix, feature = "net"))]
mod descriptors;
#[cfg(feature = "net")]
pub(crate) mod lookup;
#[cfg(feature = "net")]
pub(crate) mod serve;

#[cfg(feature = "net")]
pub use addrs::{Target, ToAddrs};
#[cfg(feature = "net")]
pub use lookup::lookup_host;
#[cfg(feature = "net")]
pub use serve::{Serve, Served, serve};
#[cfg(feature = "net")]
pub use tcp::{Incoming, TcpListener, TcpStream};
#[cfg(feature = "net")]
pub use udp::UdpSocket;
#[cfg(all(unix, feature = "net"))]
pub use unix::{UnixListener, UnixStream};
