//! Reading and writing, once for all streams.
//!
//! **Invariant:** a stream and a reference to it behave alike.

/// How many slices one system call takes on Linux (`UIO_MAXIOV`); std passes no
/// more. The rest is no room: that a call leaves it over says nothing about
/// the socket.
pub(crate) const SLICES_AT_ONCE: usize = 1024;

/// `AsyncRead` and `AsyncWrite` for a stream and for a reference to one: the
/// same lines for TCP and Unix sockets. They differ in whether a read that
/// gives less than it could has emptied the socket.
macro_rules! stream_io {
    ($stream:ident, $inner:ty, short_read_empties: $short_read_empties:literal) => {
        impl $stream {
            fn poll_read_slice(
                &self,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                let room = if $short_read_empties { buffer.len() } else { 0 };
                self.source
                    .poll_transfer(cx, Direction::Read, room, |mut io: &$inner| io.read(buffer))
            }

            fn poll_write_slice(
                &self,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.source
                    .poll_transfer(cx, Direction::Write, bytes.len(), |mut io: &$inner| {
                        io.write(bytes)
                    })
            }
        }

        impl AsyncRead for &$stream {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_read_slice(cx, buffer)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                let taken = buffers.iter().take(SLICES_AT_ONCE);
                let room = taken.map(|buffer| buffer.len()).sum();
                let room = if $short_read_empties { room } else { 0 };
                self.source
                    .poll_transfer(cx, Direction::Read, room, |mut io: &$inner| {
                        io.read_vectored(buffers)
                    })
            }
        }

        impl AsyncWrite for &$stream {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_write_slice(cx, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let taken = slices.iter().take(SLICES_AT_ONCE);
                let room = taken.map(|slice| slice.len()).sum();
                self.source
                    .poll_transfer(cx, Direction::Write, room, |mut io: &$inner| {
                        io.write_vectored(slices)
                    })
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(())) // there is no buffer of ours
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(match self.shutdown(Shutdown::Write) {
                    // The peer has closed already: that is what was wanted.
                    Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
                    result => result,
                })
            }
        }

        impl AsyncRead for $stream {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_read_slice(cx, buffer)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut &*self).poll_read_vectored(cx, buffers)
            }
        }

        impl AsyncWrite for $stream {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_write_slice(cx, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut &*self).poll_write_vectored(cx, slices)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut &*self).poll_flush(cx)
            }

            fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut &*self).poll_close(cx)
            }
        }
    };
}
