//! Name lookup: `lookup_host`, and binding and connecting to names.
//!
//! **Invariant:** the name service is called on a thread, never on the loop,
//! and every error contains the name or the address that was tried.
//!
//! Called by users. Imports `addrs`, the sockets and `blocking`.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use super::addrs::{Target, ToAddrs};
use super::tcp::{TcpListener, TcpStream};
use super::udp::UdpSocket;
use crate::blocking::to_thread::to_thread;
use crate::spawn::yield_now::spend_budget;

/// Looks up the addresses of a name (asyncio: `getaddrinfo`).
///
/// Calls the system's resolver on a thread; an address needs none.
///
/// ```
/// executor::run(async {
///     let addrs = executor::net::lookup_host("localhost:80").await.unwrap();
///     assert!(addrs.iter().all(|addr| addr.ip().is_loopback() && addr.port() == 80));
/// });
/// ```
///
/// *Cancel safety:* dropping it does not stop the lookup, which ends on its
/// thread.
///
/// # Errors
///
/// If there is no such name, the text is no address, or no thread can be
/// started.
pub async fn lookup_host(host: impl ToAddrs) -> io::Result<Vec<SocketAddr>> {
    spend_budget().await;
    let (host, port) = match host.to_target()? {
        Target::Addrs(addrs) => return Ok(addrs),
        Target::Name(host, port) => (host, port),
    };
    let name = host.clone();
    let mut call = to_thread(move || (name.as_str(), port).to_socket_addrs());
    let called = poll_fn(|cx| call.poll_call(cx)).await;
    let no_thread = |error| io::Error::other(format!("no thread could be started: {error}"));
    let found = called.map_err(no_thread).and_then(|found| found);
    match found.map(Iterator::collect::<Vec<_>>) {
        Ok(addrs) if addrs.is_empty() => Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("cannot look up {host}: it has no address"),
        )),
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("cannot look up {host}: {error}"),
        )),
        found => found,
    }
}

/// Tries the addresses in their order; returns the first success, or the last
/// error.
async fn first_of<T>(
    target: impl ToAddrs,
    attempt: impl AsyncFn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let none = io::Error::new(io::ErrorKind::InvalidInput, "there is no address to try");
    let mut last = Err(none);
    for addr in lookup_host(target).await? {
        last = attempt(addr).await;
        if last.is_ok() {
            break;
        }
    }
    last
}

impl TcpListener {
    /// Listens on an address; port 0 lets the system choose one.
    ///
    /// ```
    /// executor::run(async {
    ///     let listener = executor::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    ///     assert_ne!(listener.local_addr().unwrap().port(), 0);
    /// });
    /// ```
    ///
    /// # Errors
    ///
    /// Those of `bind(2)` and of the lookup; the text names the address.
    pub async fn bind(addr: impl ToAddrs) -> io::Result<TcpListener> {
        first_of(addr, async |addr| TcpListener::bind_to(addr, false)).await
    }

    /// Listens on an address that other shared listeners of the same user
    /// listen on too (asyncio: `start_server(.., reuse_port=True)`).
    ///
    /// The kernel distributes the connections over the listeners, so a server
    /// can run one loop per core, each with its own. On other systems than Unix
    /// this is [`bind`](Self::bind).
    ///
    /// # Errors
    ///
    /// Those of [`bind`](Self::bind).
    pub async fn bind_shared(addr: impl ToAddrs) -> io::Result<TcpListener> {
        first_of(addr, async |addr| TcpListener::bind_to(addr, true)).await
    }
}

impl TcpStream {
    /// Connects to the first address that accepts (asyncio:
    /// `open_connection`).
    ///
    /// *Cancel safety:* dropping it closes the socket of the attempt.
    ///
    /// # Errors
    ///
    /// Those of `connect(2)` and of the lookup; the text names the address.
    pub async fn connect(addr: impl ToAddrs) -> io::Result<TcpStream> {
        first_of(addr, async |addr| TcpStream::connect_to(addr).await).await
    }
}

impl UdpSocket {
    /// Binds to an address; port 0 lets the system choose one.
    ///
    /// # Errors
    ///
    /// Those of `bind(2)` and of the lookup; the text names the address.
    pub async fn bind(addr: impl ToAddrs) -> io::Result<UdpSocket> {
        first_of(addr, async |addr| UdpSocket::bind_to(addr)).await
    }

    /// Sets the peer: [`send`](Self::send) sends to it, and
    /// [`recv`](Self::recv) receives from it only.
    ///
    /// # Errors
    ///
    /// Those of `connect(2)` and of the lookup; the text names the address.
    pub async fn connect(&self, addr: impl ToAddrs) -> io::Result<()> {
        first_of(addr, async |addr| self.connect_to(addr)).await
    }
}
