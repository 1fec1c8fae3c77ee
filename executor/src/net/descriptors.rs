//! Descriptors of sockets, for options that this crate has no method for.
//!
//! **Invariant:** a descriptor is borrowed; only its socket closes it.
//!
//! Called by users, with `rustix` or `socket2::SockRef`. Imports the sockets.

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
