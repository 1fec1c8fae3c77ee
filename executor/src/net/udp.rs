//! UDP: datagrams.
//!
//! **Invariant:** one receive returns one datagram; the system discards what
//! does not fit the buffer.
//!
//! Called by users; `lookup` resolves their addresses. Imports `source`.

use std::io;
use std::net::SocketAddr;

use super::source::{Registered, explain};
use crate::base::hooks::Direction;

/// A UDP socket (asyncio: a datagram endpoint; std: `UdpSocket`).
///
/// ```
/// use executor::net::UdpSocket;
///
/// executor::run(async {
///     let one = UdpSocket::bind("127.0.0.1:0").await?;
///     let two = UdpSocket::bind("127.0.0.1:0").await?;
///     one.send_to(b"ping", two.local_addr()?).await?;
///     let mut buffer = [0; 16];
///     let (length, from) = two.recv_from(&mut buffer).await?;
///     assert_eq!((&buffer[..length], from), (&b"ping"[..], one.local_addr()?));
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap();
/// ```
///
/// Any number of tasks may wait to receive, and to send; they are served in the
/// order in which they came.
///
/// *Cancel safety:* dropping a future of this socket that waits loses no
/// datagram.
#[derive(Debug)]
pub struct UdpSocket {
    pub(super) source: Registered<mio::net::UdpSocket>,
}

impl UdpSocket {
    pub(crate) fn bind_to(addr: SocketAddr) -> io::Result<Self> {
        let explained = |error| explain(error, "cannot bind to", addr);
        let socket = std::net::UdpSocket::bind(addr).map_err(explained)?;
        Self::from_std(socket).map_err(explained)
    }

    /// Converts a socket of std.
    ///
    /// # Errors
    ///
    /// If the socket cannot be made non-blocking or the poller refuses it.
    ///
    /// # Panics
    ///
    /// Outside a running loop.
    #[track_caller]
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = mio::net::UdpSocket::from_std(socket);
        Ok(UdpSocket {
            source: Registered::new(socket, None)?,
        })
    }

    pub(crate) fn connect_to(&self, addr: SocketAddr) -> io::Result<()> {
        let connected = self.source.io().connect(addr);
        connected.map_err(|error| explain(error, "cannot connect to", addr))
    }

    /// Sends a datagram to `target`.
    ///
    /// # Errors
    ///
    /// Those of `sendto(2)`.
    pub async fn send_to(&self, bytes: &[u8], target: SocketAddr) -> io::Result<usize> {
        let send = |io: &mio::net::UdpSocket| io.send_to(bytes, target);
        self.source.when_ready(Direction::Write, send).await
    }

    /// Waits for a datagram; returns its length and its sender.
    ///
    /// # Errors
    ///
    /// Those of `recvfrom(2)`.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let receive = |io: &mio::net::UdpSocket| cut(io, buffer, |to| io.recv_from(to));
        self.source.when_ready(Direction::Read, receive).await
    }

    /// Sends a datagram to the connected address.
    ///
    /// # Errors
    ///
    /// Those of `send(2)`.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let send = |io: &mio::net::UdpSocket| io.send(bytes);
        self.source.when_ready(Direction::Write, send).await
    }

    /// Waits for a datagram from the connected address.
    ///
    /// # Errors
    ///
    /// Those of `recv(2)`.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let receive = |io: &mio::net::UdpSocket| cut(io, buffer, |to| Ok((io.recv(to)?, ())));
        let (length, ()) = self.source.when_ready(Direction::Read, receive).await?;
        Ok(length)
    }

    /// Waits for a datagram and copies it without removing it.
    ///
    /// # Errors
    ///
    /// Those of `recvfrom(2)`.
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let peek = |io: &mio::net::UdpSocket| cut(io, buffer, |to| io.peek_from(to));
        self.source.when_ready(Direction::Read, peek).await
    }

    /// Returns this side's address.
    ///
    /// # Errors
    ///
    /// Those of `getsockname(2)`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.io().local_addr()
    }

    /// Returns the connected address.
    ///
    /// # Errors
    ///
    /// Those of `getpeername(2)`.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.source.io().peer_addr()
    }

    /// Sets whether the socket may send to broadcast addresses.
    ///
    /// # Errors
    ///
    /// Those of `setsockopt(2)`.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.source.io().set_broadcast(on)
    }
}

/// Receives a datagram, and cuts one that is longer than the buffer.
///
/// That is what the call itself does, but on Windows, where it loses such a
/// datagram and fails (`WSAEMSGSIZE`). There, a look at the datagram says whether
/// it is one, and a buffer that is long enough for any receives it.
fn cut<T>(
    io: &mio::net::UdpSocket,
    buffer: &mut [u8],
    receive: impl FnOnce(&mut [u8]) -> io::Result<(usize, T)>,
) -> io::Result<(usize, T)> {
    if !cfg!(windows) {
        return receive(buffer);
    }
    match io.peek_from(buffer) {
        Err(error) if error.raw_os_error() == Some(10040) => {}
        Err(error) => return Err(error), // the look took it from the socket
        Ok(_) => return receive(buffer),
    }
    let mut whole = vec![0; 1 << 16];
    let (_, from) = receive(&mut whole)?;
    buffer.copy_from_slice(&whole[..buffer.len()]);
    Ok((buffer.len(), from))
}
