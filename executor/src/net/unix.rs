//! Unix-domain sockets: connections within one machine, named by a path.
//!
//! **Invariant:** a listener removes the path that it made, and only that one:
//! if somebody has put another file there meanwhile, it stays.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::source::{Registered, explain};
use super::stream_io::SLICES_AT_ONCE;
use crate::base::hooks::Direction;

/// A Unix socket that takes connections (asyncio: `start_unix_server`).
///
/// ```
/// use executor::net::{UnixListener, UnixStream};
/// use futures::io::{AsyncReadExt, AsyncWriteExt};
///
/// let path = std::env::temp_dir().join(format!("executor-doc-{}.sock", std::process::id()));
/// executor::run(async {
///     let listener = UnixListener::bind(&path)?;
///     let mut client = UnixStream::connect(&path).await?;
///     let (mut server, _) = listener.accept().await?;
///     client.write_all(b"x").await?;
///     let mut byte = [0];
///     server.read_exact(&mut byte).await?;
///     assert_eq!(&byte, b"x");
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap();
/// assert!(!path.exists());
/// ```
#[derive(Debug)]
pub struct UnixListener {
    /// Gone before the socket is.
    made: Option<OwnPath>,
    pub(super) source: Registered<mio::net::UnixListener>,
}

/// A path that a listener made, and what is there. It goes when this goes.
#[derive(Debug)]
struct OwnPath(PathBuf, FileIdentity);

/// What tells a file from another one at the same path.
type FileIdentity = (u64, u64);

impl UnixListener {
    /// Listens on a path, which must be free.
    ///
    /// # Errors
    ///
    /// Those of `bind(2)`; `AddrInUse` if something is at the path.
    ///
    /// # Panics
    ///
    /// Outside a running loop.
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let explained = |error| explain(error, "cannot listen on", path.display());
        let listener = std::os::unix::net::UnixListener::bind(path).map_err(explained)?;
        let made = identity(path).map(|identity| OwnPath(path.to_owned(), identity));
        let mut listener = Self::from_std(listener).map_err(explained)?;
        listener.made = made;
        Ok(listener)
    }

    /// Takes over a listener of std's; its path is not removed.
    ///
    /// # Errors
    ///
    /// If the socket cannot be made non-blocking or the poller refuses it.
    ///
    /// # Panics
    ///
    /// Outside a running loop.
    #[track_caller]
    pub fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = mio::net::UnixListener::from_std(listener);
        Ok(UnixListener {
            source: Registered::new(listener, None)?,
            made: None,
        })
    }

    /// Waits for the next connection.
    ///
    /// *Cancel safety:* dropping it loses no connection.
    ///
    /// # Errors
    ///
    /// Those of `accept(2)`.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let accept = |io: &mio::net::UnixListener| io.accept();
        let (stream, peer) = self.source.when_ready(Direction::Read, accept).await?;
        let source = Registered::new(stream, None)?;
        Ok((UnixStream { source }, peer))
    }

    /// The address that it listens on.
    ///
    /// # Errors
    ///
    /// Those of `getsockname(2)`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.io().local_addr()
    }
}

impl Drop for OwnPath {
    fn drop(&mut self) {
        let OwnPath(path, made) = self;
        if identity(path) == Some(*made) {
            // Somebody may have been faster; then it is gone all the same.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn identity(path: &Path) -> Option<FileIdentity> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// A Unix-domain connection; it reads and writes as
/// [`TcpStream`](super::TcpStream) does.
pub struct UnixStream {
    pub(super) source: Registered<mio::net::UnixStream>,
}

impl UnixStream {
    /// Connects to a path.
    ///
    /// # Errors
    ///
    /// Those of `connect(2)`. `WouldBlock` means that the listener has too many
    /// connections waiting: Unix sockets do not queue the ones that connect.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let connect = || {
            let stream = mio::net::UnixStream::connect(path)?;
            let source = Registered::new(stream, None)?;
            Ok(UnixStream { source })
        };
        connect().map_err(|error| explain(error, "cannot connect to", path.display()))
    }

    /// Two streams that are connected with each other.
    ///
    /// # Errors
    ///
    /// Those of `socketpair(2)`.
    ///
    /// # Panics
    ///
    /// Outside a running loop.
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, two) = mio::net::UnixStream::pair()?;
        let stream = |io| {
            let source = Registered::new(io, None)?;
            Ok::<_, io::Error>(UnixStream { source })
        };
        Ok((stream(one)?, stream(two)?))
    }

    /// Takes over a stream of std's, which must be connected.
    ///
    /// # Errors
    ///
    /// If the socket cannot be made non-blocking or the poller refuses it.
    ///
    /// # Panics
    ///
    /// Outside a running loop.
    #[track_caller]
    pub fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let stream = mio::net::UnixStream::from_std(stream);
        Ok(UnixStream {
            source: Registered::new(stream, None)?,
        })
    }

    /// Shuts down one side of the connection or both.
    ///
    /// # Errors
    ///
    /// Those of `shutdown(2)`.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.source.io().shutdown(how)
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

// A read also ends at a message that carries descriptors.
stream_io!(UnixStream, mio::net::UnixStream, short_read_empties: false);
