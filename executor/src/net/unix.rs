//! Unix-domain sockets: connections within one machine, named by a path.
//!
//! **Invariant:** a listener removes the file that it created, and only that
//! one: a file that has replaced it at the same path stays.
//!
//! Called by users. Imports `source` and `stream_io`.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::accept::ListeningSocket;
use super::source::{Registered, explain};
use crate::spawn::yield_now::spend_budget;

/// A Unix socket that accepts connections (asyncio: `start_unix_server`).
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
    /// The file that [`bind`](Self::bind) created. Before the socket, so that it
    /// is removed before the socket is closed.
    created: Option<SocketFile>,
    pub(super) source: ListeningSocket<mio::net::UnixListener, mio::net::UnixStream, SocketAddr>,
}

/// A file that a listener created; removed when this is dropped.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    id: FileId,
}

/// Device and inode, which distinguish a file from another one at its path.
type FileId = (u64, u64);

impl UnixListener {
    /// Listens on a path where no file exists; removes the file when it is
    /// dropped.
    ///
    /// # Errors
    ///
    /// Those of `bind(2)`; `AddrInUse` if a file exists at the path.
    ///
    /// # Panics
    ///
    /// Outside a running loop.
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let explained = |error| explain(error, "cannot listen on", path.display());
        let listener = std::os::unix::net::UnixListener::bind(path).map_err(explained)?;
        let created = file_id(path).map(|id| SocketFile {
            path: path.to_owned(),
            id,
        });
        let mut listener = Self::from_std(listener).map_err(explained)?;
        listener.created = created;
        Ok(listener)
    }

    /// Converts a listener of std, whose file is not removed.
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
            source: ListeningSocket::new(listener, mio::net::UnixListener::accept, |_| None)?,
            created: None,
        })
    }

    /// Waits for the next connection (asyncio: `sock_accept`). Any number of
    /// tasks may wait; connections go to them in the order in which they came.
    ///
    /// *Cancel safety:* dropping it loses no connection.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::accept`](super::TcpListener::accept).
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (source, peer) = self.source.next().await?;
        Ok((UnixStream { source }, peer))
    }

    /// Returns the address that it listens on.
    ///
    /// # Errors
    ///
    /// Those of `getsockname(2)`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.io().local_addr()
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if file_id(&self.path) == Some(self.id) {
            // Fails if the file was removed in the meantime.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn file_id(path: &Path) -> Option<FileId> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// A Unix-domain connection (asyncio: the streams of `open_unix_connection`);
/// it reads and writes as [`TcpStream`](super::TcpStream) does.
pub struct UnixStream {
    pub(super) source: Registered<mio::net::UnixStream>,
}

impl UnixStream {
    /// Connects to a path.
    ///
    /// # Errors
    ///
    /// Those of `connect(2)`. `ResourceBusy` means that the listener's backlog is
    /// full: a non-blocking Unix socket does not wait for space in it.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        spend_budget().await;
        let path = path.as_ref();
        let connect = || {
            let stream = mio::net::UnixStream::connect(path)?;
            let source = Registered::new(stream, None)?;
            Ok(UnixStream { source })
        };
        connect().map_err(|error| explain(error, "cannot connect to", path.display()))
    }

    /// Creates two streams that are connected with each other.
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

// Reads also end at a message that carries descriptors.
stream_io!(UnixStream, &UnixStream; short_read_empties: false);
