//! TCP on the reactor.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::rc::Rc;
use std::task::{Context, Poll};

use mio::event::Source;
use mio::{Token, net};

use super::reactor::Direction;
use super::run::{Loop, current};

/// A socket that the reactor watches while it exists.
struct Socket<S: Source> {
    io: S,
    token: Token,
    here: Rc<Loop>,
}

impl<S: Source> Socket<S> {
    fn new(mut io: S) -> io::Result<Self> {
        let here = current();
        let token = here.reactor.add(&mut io)?;
        Ok(Socket { io, token, here })
    }

    /// Tries an operation until it would not block: first the attempt, then the
    /// wait.
    fn poll_try<T>(
        &self,
        way: Direction,
        cx: &Context<'_>,
        mut operation: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let reactor = &self.here.reactor;
        loop {
            match operation(&self.io) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => return Poll::Ready(result),
            }
            if reactor.poll_ready(self.token, way, cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl<S: Source> Drop for Socket<S> {
    fn drop(&mut self) {
        self.here.reactor.remove(&mut self.io, self.token);
    }
}

/// The address; to look up a name would block the loop.
fn resolve(address: impl ToSocketAddrs) -> io::Result<SocketAddr> {
    let none = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    address.to_socket_addrs()?.next().ok_or_else(none)
}

pub struct TcpListener(Socket<net::TcpListener>);

impl TcpListener {
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let io = net::TcpListener::bind(resolve(address)?)?;
        Ok(TcpListener(Socket::new(io)?))
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.io.local_addr()
    }

    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accept = poll_fn(|cx| self.0.poll_try(Direction::Read, cx, |io| io.accept()));
        let (io, peer) = accept.await?;
        Ok((TcpStream(Socket::new(io)?), peer))
    }
}

pub struct TcpStream(Socket<net::TcpStream>);

impl TcpStream {
    pub async fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let stream = TcpStream(Socket::new(net::TcpStream::connect(resolve(address)?)?)?);
        let connected = |io: &net::TcpStream| match (io.take_error()?, io.peer_addr()) {
            (Some(error), _) => Err(error),
            (None, Err(error)) if error.kind() == io::ErrorKind::NotConnected => {
                Err(io::ErrorKind::WouldBlock.into())
            }
            (None, connected) => connected,
        };
        poll_fn(|cx| stream.0.poll_try(Direction::Write, cx, connected)).await?;
        Ok(stream)
    }

    /// Reads what there is, at least a byte; 0 at the end.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| self.poll_read(cx, buffer)).await
    }

    pub fn poll_read(&self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0
            .poll_try(Direction::Read, cx, |mut io| io.read(buffer))
    }

    /// Writes all of it, in as many parts as the system likes.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let write = |cx: &mut Context<'_>| {
                self.0
                    .poll_try(Direction::Write, cx, |mut io| io.write(bytes))
            };
            match poll_fn(write).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => bytes = &bytes[n..],
            }
        }
        Ok(())
    }
}
