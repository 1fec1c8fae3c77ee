//! A child's stdin, stdout and stderr, as streams.
//!
//! **Invariant:** a pipe is closed when its stream is dropped, so the child
//! reads to the end, or hears that nobody listens.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use mio::unix::pipe;

use crate::base::hooks::Direction;
use crate::net::source::Registered;
use crate::net::stream_io::SLICES_AT_ONCE;

/// All that a child writes.
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

/// The way to a child's stdin; writes through `AsyncWrite`.
#[derive(Debug)]
pub struct ChildStdin {
    /// `None` once closed.
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
        let write = |mut io: &pipe::Sender| io.write(bytes);
        self.source()?
            .poll_transfer(cx, Direction::Write, bytes.len(), write)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = slices.iter().take(SLICES_AT_ONCE);
        let room = taken.map(|slice| slice.len()).sum();
        let write = |mut io: &pipe::Sender| io.write_vectored(slices);
        self.source()?
            .poll_transfer(cx, Direction::Write, room, write)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.source = None;
        Poll::Ready(Ok(()))
    }
}

/// What a child writes to stdout or stderr; reads through `AsyncRead`.
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

    pub(super) fn new(receiver: pipe::Receiver) -> io::Result<Self> {
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
        let room = buffer.len();
        let read = |mut io: &pipe::Receiver| io.read(buffer);
        self.source.poll_transfer(cx, Direction::Read, room, read)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = buffers.iter().take(SLICES_AT_ONCE);
        let room = taken.map(|buffer| buffer.len()).sum();
        let read = |mut io: &pipe::Receiver| io.read_vectored(buffers);
        self.source.poll_transfer(cx, Direction::Read, room, read)
    }
}

impl fmt::Debug for ChildOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChildOutput")
    }
}
