//! TCP on the reactor.

use std::future::poll_fn;
use std::io;
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
        while reactor.poll_ready(self.token, way, cx).is_ready() {
            match operation(&self.io) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
        Poll::Pending
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
