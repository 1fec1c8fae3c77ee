//! Reads and writes of byte streams: sockets and pipes.
//!
//! **Invariant:** a stream and a shared reference to it behave alike.
//!
//! Used by `tcp`, `unix` and the pipes of `os`. Imports `source`.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::task::{Context, Poll};

use super::source::Registered;
use crate::base::hooks::Direction;

/// How many slices an attempt passes to the system, which takes no more at once
/// on Linux (`UIO_MAXIOV`). That it did not use those past that says nothing
/// about the source.
const SLICES_PER_CALL: usize = 1024;

impl<S: mio::event::Source> Registered<S>
where
    for<'a> &'a S: Read,
{
    /// Reads. `short_read_empties` says whether a read that returns fewer bytes
    /// than it could has emptied the source.
    #[inline]
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        short_read_empties: bool,
    ) -> Poll<io::Result<usize>> {
        let capacity = if short_read_empties { buffer.len() } else { 0 };
        self.poll_transfer(cx, Direction::Read, capacity, |mut io: &S| io.read(buffer))
    }

    /// Reads into several buffers, as [`poll_read`](Self::poll_read) does.
    pub(crate) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        short_read_empties: bool,
    ) -> Poll<io::Result<usize>> {
        let used = SLICES_PER_CALL.min(buffers.len());
        let buffers = &mut buffers[..used];
        let capacity = buffers.iter().map(|buffer| buffer.len()).sum();
        let capacity = if short_read_empties { capacity } else { 0 };
        let read = |mut io: &S| io.read_vectored(buffers);
        self.poll_transfer(cx, Direction::Read, capacity, read)
    }
}

impl<S: mio::event::Source> Registered<S>
where
    for<'a> &'a S: Write,
{
    /// Writes.
    #[inline]
    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let write = |mut io: &S| io.write(bytes).map_err(with_its_kind);
        self.poll_transfer(cx, Direction::Write, bytes.len(), write)
    }

    /// Writes several slices.
    pub(crate) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let slices = &slices[..SLICES_PER_CALL.min(slices.len())];
        let capacity = slices.iter().map(|slice| slice.len()).sum();
        let write = |mut io: &S| io.write_vectored(slices).map_err(with_its_kind);
        self.poll_transfer(cx, Direction::Write, capacity, write)
    }
}

/// Gives the error of a write after a shutdown its kind, `BrokenPipe`, which std
/// does not know on Windows (`WSAESHUTDOWN`).
fn with_its_kind(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(10058) if cfg!(windows) => io::Error::new(io::ErrorKind::BrokenPipe, error),
        _ => error,
    }
}

/// Implements `AsyncRead` and `AsyncWrite` for the types given: a stream, and a
/// shared reference to one. A blanket implementation cannot: the traits are of
/// another crate.
#[cfg(feature = "net")]
macro_rules! stream_io {
    ($($stream:ty),+; short_read_empties: $short_read_empties:literal) => {$(
        impl AsyncRead for $stream {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.source.poll_read(cx, buffer, $short_read_empties)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                self.source
                    .poll_read_vectored(cx, buffers, $short_read_empties)
            }
        }

        impl AsyncWrite for $stream {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.source.poll_write(cx, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.source.poll_write_vectored(cx, slices)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(())) // this crate buffers nothing
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(match self.shutdown(Shutdown::Write) {
                    // The peer has closed the connection: nothing is left to do.
                    Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
                    result => result,
                })
            }
        }
    )+};
}
