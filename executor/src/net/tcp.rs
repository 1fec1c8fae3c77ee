//! TCP: a listener and a stream.
//!
//! **Invariant:** reads and writes take `&TcpStream`, so two tasks, or two
//! futures of one task, may read and write at the same time without a lock.
//!
//! Called by users; `lookup` resolves their addresses. Imports `source` and
//! `stream_io`.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::accept::{BACKLOG, IncomingSockets, ListeningSocket};
use super::source::{Registered, explain};
use crate::base::hooks::Direction;

/// A TCP socket that accepts connections (asyncio: the `Server` of
/// `start_server`).
///
/// ```
/// use executor::net::{TcpListener, TcpStream};
/// use futures::io::{AsyncReadExt, AsyncWriteExt};
///
/// executor::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let address = listener.local_addr()?;
///     let client = async {
///         let mut stream = TcpStream::connect(address).await?;
///         stream.write_all(b"hello").await?;
///         stream.close().await
///     };
///     let server = async {
///         let (mut stream, _peer) = listener.accept().await?;
///         let mut text = String::new();
///         stream.read_to_string(&mut text).await?;
///         Ok(text)
///     };
///     let (text, ()) = executor::try_gather((server, client)).await?;
///     assert_eq!(text, "hello");
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct TcpListener {
    pub(super) source: ListeningSocket<mio::net::TcpListener, mio::net::TcpStream, SocketAddr>,
}

impl TcpListener {
    /// Listens on one address.
    pub(crate) fn bind_to(addr: SocketAddr, share_port: bool) -> io::Result<Self> {
        let bind = || -> io::Result<std::net::TcpListener> {
            let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
            // A restarted server must be able to bind while connections of the
            // former one are in TIME_WAIT. On Windows the option means something
            // else.
            #[cfg(unix)]
            socket.set_reuse_address(true)?;
            #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
            if share_port {
                socket.set_reuse_port(true)?;
            }
            #[cfg(not(unix))]
            let _ = share_port;
            socket.bind(&SockAddr::from(addr))?;
            socket.listen(BACKLOG)?;
            Ok(socket.into())
        };
        let explained = |error| explain(error, "cannot listen on", addr);
        Self::from_std(bind().map_err(explained)?).map_err(explained)
    }

    /// Converts a listener of std.
    ///
    /// # Errors
    ///
    /// If the socket cannot be made non-blocking or the poller refuses it.
    ///
    /// # Panics
    ///
    /// Outside a running loop.
    #[track_caller]
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = mio::net::TcpListener::from_std(listener);
        let accept = mio::net::TcpListener::accept;
        Ok(TcpListener {
            source: ListeningSocket::new(listener, accept, |peer| Some(*peer))?,
        })
    }

    /// Waits for the next connection (asyncio: `sock_accept`). Any number of
    /// tasks may wait; connections go to them in the order in which they came.
    ///
    /// *Cancel safety:* dropping it loses no connection.
    ///
    /// # Errors
    ///
    /// Those of `accept(2)` that concern the listener, or a lack of descriptors
    /// or memory, and those of registering the connection, which the next call
    /// tries again. Errors of one connection, such as that it was aborted before it
    /// was accepted, are skipped, unless there are more in a row than connections
    /// can wait.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (source, peer) = self.source.next().await?;
        Ok((TcpStream { source }, peer))
    }

    /// Returns the connections as a `Stream`, which never ends.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming(self.source.incoming())
    }

    /// Returns the address that it listens on, with the port that the system
    /// chose if 0 was asked for.
    ///
    /// # Errors
    ///
    /// Those of `getsockname(2)`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.io().local_addr()
    }
}

/// The connections of a [`TcpListener`], as a `Stream`; its errors are those of
/// [`accept`](TcpListener::accept).
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<'a>(
    IncomingSockets<'a, mio::net::TcpListener, mio::net::TcpStream, SocketAddr>,
);

impl Stream for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let accepted = ready!(self.0.poll_next(cx));
        Poll::Ready(Some(accepted.map(|(source, _)| TcpStream { source })))
    }
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Incoming")
    }
}

/// A TCP connection (asyncio: a `StreamReader` and a `StreamWriter`).
///
/// Reads and writes through `futures::io::{AsyncRead, AsyncWrite}`, also
/// through `&TcpStream`: `let (mut r, mut w) = (&stream, &stream);` splits it.
/// Any number of tasks may wait to read, and to write; they are served in the
/// order in which they came. Each gets what one call moves, so messages that are
/// longer than that mix: give a stream one writer, or a lock. The stream is not
/// buffered: wrap it in `futures::io::BufReader` where small reads matter.
///
/// A write to a peer that has closed the connection returns `BrokenPipe` or
/// `ConnectionReset`, as in std. `close` of `AsyncWrite` shuts down the writing
/// side, so that the peer reads to the end.
///
/// *Cancel safety:* dropping a read or a write that waits loses nothing.
pub struct TcpStream {
    pub(super) source: Registered<mio::net::TcpStream>,
}

impl TcpStream {
    /// Connects to one address.
    pub(crate) async fn connect_to(addr: SocketAddr) -> io::Result<Self> {
        let connect = async {
            let stream = mio::net::TcpStream::connect(addr)?;
            let source = Registered::new(stream, Some(addr))?;
            // Writable means that the attempt has succeeded or failed.
            source.when_ready(Direction::Write, check_connected).await?;
            Ok(TcpStream { source })
        };
        let connected: io::Result<Self> = connect.await;
        connected.map_err(|error| explain(error, "cannot connect to", addr))
    }

    /// Converts a stream of std, which must be connected.
    ///
    /// # Errors
    ///
    /// If the socket cannot be made non-blocking or the poller refuses it.
    ///
    /// # Panics
    ///
    /// Outside a running loop.
    #[track_caller]
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let peer = stream.peer_addr().ok();
        let stream = mio::net::TcpStream::from_std(stream);
        Ok(TcpStream {
            source: Registered::new(stream, peer)?,
        })
    }

    /// Returns the peer's address.
    ///
    /// # Errors
    ///
    /// Those of `getpeername(2)`.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.source.io().peer_addr()
    }

    /// Returns this side's address.
    ///
    /// # Errors
    ///
    /// Those of `getsockname(2)`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.io().local_addr()
    }

    /// Sets whether small writes are sent at once; otherwise Nagle's algorithm
    /// gathers them.
    ///
    /// # Errors
    ///
    /// Those of `setsockopt(2)`.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.source.io().set_nodelay(on)
    }

    /// Returns whether small writes are sent at once.
    ///
    /// # Errors
    ///
    /// Those of `getsockopt(2)`.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.source.io().nodelay()
    }

    /// Shuts down one side of the connection or both.
    ///
    /// # Errors
    ///
    /// Those of `shutdown(2)`; `NotConnected` if the peer has closed the
    /// connection.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.source.io().shutdown(how)?;
        if cfg!(windows) {
            // Its poller does not report what this side has shut down.
            self.source.wake(how);
        }
        Ok(())
    }

    /// Waits for data and copies it without removing it.
    ///
    /// # Errors
    ///
    /// Those of `recv(2)`.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let peek = |io: &mio::net::TcpStream| io.peek(buffer);
        self.source.when_ready(Direction::Read, peek).await
    }
}

/// Returns whether an attempt to connect has succeeded; `WouldBlock` while it
/// is undecided.
fn check_connected(io: &mio::net::TcpStream) -> io::Result<()> {
    if let Some(error) = io.take_error()? {
        return Err(error);
    }
    match io.peer_addr() {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        decided => decided.map(drop),
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

// A read ends early only where the kernel reports it: at the end, at an error,
// and at a byte out of band (see `End::try_always` of the reactor).
stream_io!(TcpStream, &TcpStream; short_read_empties: true);
