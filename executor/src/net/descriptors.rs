//! The descriptors of sockets, for options that this crate does not name.
//!
//! **Invariant:** they are borrowed: closing is the socket's own business.
//!
//! Used by users, with `rustix` or `socket2::SockRef`.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use super::tcp::{TcpListener, TcpStream};
use super::udp::UdpSocket;
use super::unix::{UnixListener, UnixStream};

macro_rules! with_descriptor {
    ($($socket:ty),*) => {
        $(
            impl AsFd for $socket {
                fn as_fd(&self) -> BorrowedFd<'_> {
                    self.source.io().as_fd()
                }
            }

            impl AsRawFd for $socket {
                fn as_raw_fd(&self) -> RawFd {
                    self.source.io().as_raw_fd()
                }
            }
        )*
    };
}

with_descriptor!(TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream);
