//! Pipes: a child's stdin, stdout and stderr as streams.
//!
//! **Invariant:** dropping a stream closes its pipe, so the child reads to the
//! end, or gets `EPIPE` when it writes. A pipe counts as empty only once it said
//! so: a short read does not prove it, because the child may write packets
//! (`O_DIRECT`), of which each read returns one.
//!
//! Created by `process`. Imports `net`.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use mio::unix::pipe;

use crate::base::hooks::Direction;
use crate::net::source::Registered;

/// Reads everything that a child writes; nothing if the output is not piped.
pub(super) async fn read_all(output: Option<ChildOutput>) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let Some(output) = output else {
        return Ok(all);
    };
    let mut chunk = [0; 8192];
    loop {
        let read = |mut io: &pipe::Receiver| io.read(&mut chunk);
        match output.source.when_ready(Direction::Read, read).await? {
            0 => return Ok(all),
            n => all.extend_from_slice(&chunk[..n]),
        }
    }
}

/// The stdin of a child; writes through `AsyncWrite` (asyncio:
/// `Process.stdin`).
#[derive(Debug)]
pub struct ChildStdin {
    /// `None` once it was closed.
    source: Option<Registered<pipe::Sender>>,
}

impl ChildStdin {
    pub(super) fn new(std: std::process::ChildStdin) -> io::Result<Self> {
        let sender = pipe::Sender::from(std);
        sender.set_nonblocking(true)?;
        Ok(ChildStdin {
            source: Some(Registered::new(sender, None)?),
        })
    }

    fn source(&self) -> io::Result<&Registered<pipe::Sender>> {
        let closed = || io::Error::new(io::ErrorKind::BrokenPipe, "the child's stdin was closed");
        self.source.as_ref().ok_or_else(closed)
    }
}

impl AsyncWrite for ChildStdin {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.source()?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.source()?.poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.source = None;
        Poll::Ready(Ok(()))
    }
}

/// The stdout or stderr of a child; reads through `AsyncRead` (asyncio:
/// `Process.stdout`, `Process.stderr`).
pub struct ChildOutput {
    source: Registered<pipe::Receiver>,
}

impl ChildOutput {
    pub(super) fn from_stdout(std: std::process::ChildStdout) -> io::Result<Self> {
        Self::new(pipe::Receiver::from(std))
    }

    pub(super) fn from_stderr(std: std::process::ChildStderr) -> io::Result<Self> {
        Self::new(pipe::Receiver::from(std))
    }

    fn new(receiver: pipe::Receiver) -> io::Result<Self> {
        receiver.set_nonblocking(true)?;
        Ok(ChildOutput {
            source: Registered::new(receiver, None)?,
        })
    }
}

impl AsyncRead for ChildOutput {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.source.poll_read(cx, buffer, false)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.source.poll_read_vectored(cx, buffers, false)
    }
}

impl fmt::Debug for ChildOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChildOutput")
    }
}
