//! Errors of `accept`: which concern one connection, which the machine, and
//! which the listener.
//!
//! **Invariant:** one table for all listeners; an errno that is not in it, and
//! whose kind does not say that a connection is gone, is of the listener. A
//! connection that was accepted is given to a caller or, if the poller refuses
//! it, kept for the next one.
//!
//! Called by the listeners of `tcp` and `unix`, and by `serve`. Imports
//! `source`.

use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

#[cfg(unix)]
use rustix::io::Errno;

use super::source::{Descriptor, Registered, Wait};
use crate::base::hooks::Direction;

/// How many connections may wait to be accepted. std's number is 128, too few
/// for a burst of a thousand clients. The kernel may allow fewer.
pub(super) const BACKLOG: i32 = 4096;

/// The party that an error of `accept` concerns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// The connection that would have been accepted: it is gone, and the next
    /// one may be fine.
    Connection,
    /// The process or the machine has no descriptor left: the same attempt may
    /// succeed later.
    Descriptors,
    /// Something else that there is too little of, such as memory.
    Resources,
    /// The listener: it will never accept again.
    Listener,
}

use Fault::{Connection, Descriptors, Resources};

/// Linux's `accept` also returns the errors that its protocol has for the new
/// connection; accept(2) names them and asks to treat them as "try again".
#[cfg(unix)]
const FAULTS: &[(Errno, Fault)] = &[
    (Errno::CONNABORTED, Connection),
    (Errno::CONNRESET, Connection),
    (Errno::CONNREFUSED, Connection),
    (Errno::PROTO, Connection),
    (Errno::NOPROTOOPT, Connection),
    (Errno::PROTONOSUPPORT, Connection),
    (Errno::SOCKTNOSUPPORT, Connection),
    (Errno::OPNOTSUPP, Connection),
    (Errno::NETDOWN, Connection),
    (Errno::NETUNREACH, Connection),
    (Errno::HOSTDOWN, Connection),
    (Errno::HOSTUNREACH, Connection),
    (Errno::TIMEDOUT, Connection),
    // A firewall forbids the connection.
    (Errno::PERM, Connection),
    #[cfg(any(target_os = "linux", target_os = "android"))]
    (Errno::NONET, Connection),
    (Errno::MFILE, Descriptors),
    (Errno::NFILE, Descriptors),
    (Errno::NOBUFS, Resources),
    (Errno::NOMEM, Resources),
    // The poller takes no more sockets (`fs.epoll.max_user_watches`).
    (Errno::NOSPC, Resources),
    #[cfg(any(target_os = "linux", target_os = "android"))]
    (Errno::NOSR, Resources),
];

#[cfg(unix)]
fn in_table(number: i32) -> Option<Fault> {
    let row = FAULTS
        .iter()
        .find(|(errno, _)| errno.raw_os_error() == number);
    row.map(|(_, fault)| *fault)
}

/// The numbers of `WSAENETDOWN`, `WSAEMFILE` and `WSAENOBUFS`.
#[cfg(not(unix))]
fn in_table(number: i32) -> Option<Fault> {
    match number {
        10050 => Some(Connection),
        10024 => Some(Descriptors),
        10055 => Some(Resources),
        _ => None,
    }
}

pub(super) fn fault(error: &io::Error) -> Fault {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, NotConnected};
    let listed = error.raw_os_error().and_then(in_table);
    listed.unwrap_or(match error.kind() {
        ConnectionAborted | ConnectionReset | NotConnected => Connection,
        _ => Fault::Listener,
    })
}

/// How many errors of connections in a row are skipped: as many as connections
/// may wait in the kernel. More than that are not of connections.
const MOST_IN_A_ROW: u32 = BACKLOG.unsigned_abs();

/// Returns the result of an attempt, or `None` if the next attempt is to be made
/// because this one failed for its connection only. Counts those in a row.
fn skip<T>(skipped: &mut u32, result: io::Result<T>) -> Option<io::Result<T>> {
    match result {
        Err(error) if fault(&error) == Connection && *skipped < MOST_IN_A_ROW => {
            *skipped += 1;
            None
        }
        result => {
            *skipped = 0;
            Some(result)
        }
    }
}

/// A listener, which accepts streams of one kind with the addresses of their
/// peers.
pub(super) struct ListeningSocket<L: mio::event::Source, S, A> {
    source: Registered<L>,
    accept: fn(&L) -> io::Result<(S, A)>,
    /// The address of a peer, for reports.
    peer: fn(&A) -> Option<SocketAddr>,
    /// A connection that was accepted and that the poller refused. While there is
    /// one, no other is accepted.
    refused: Cell<Option<(S, A)>>,
}

impl<L, S, A> ListeningSocket<L, S, A>
where
    L: mio::event::Source + Descriptor,
    S: mio::event::Source + Descriptor,
{
    /// Registers a listener.
    #[track_caller]
    pub(super) fn new(
        listener: L,
        accept: fn(&L) -> io::Result<(S, A)>,
        peer: fn(&A) -> Option<SocketAddr>,
    ) -> io::Result<Self> {
        Ok(ListeningSocket {
            source: Registered::new(listener, None)?,
            accept,
            peer,
            refused: Cell::default(),
        })
    }

    /// Returns the listener itself, for calls that never block.
    pub(super) fn io(&self) -> &L {
        self.source.io()
    }

    /// Waits for the next connection.
    pub(super) async fn next(&self) -> io::Result<(Registered<S>, A)> {
        let mut incoming = self.incoming();
        poll_fn(|cx| incoming.poll_next(cx)).await
    }

    pub(super) fn incoming(&self) -> IncomingSockets<'_, L, S, A> {
        IncomingSockets {
            socket: self,
            wait: Wait::new(&self.source, Direction::Read),
            skipped: 0,
        }
    }

    fn accept(&self, listener: &L) -> io::Result<(S, A)> {
        self.refused
            .take()
            .map_or_else(|| (self.accept)(listener), Ok)
    }

    /// Registers a connection, or keeps it for the next attempt.
    fn register(&self, (stream, address): (S, A)) -> io::Result<(Registered<S>, A)> {
        match Registered::try_new(stream, (self.peer)(&address)) {
            Ok(source) => Ok((source, address)),
            Err((error, stream)) => {
                self.refused.set(Some((stream, address)));
                Err(error)
            }
        }
    }
}

impl<L: mio::event::Source + fmt::Debug, S, A> fmt::Debug for ListeningSocket<L, S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

/// A wait for connections, with a place of its own among the waiters of the
/// listener.
pub(super) struct IncomingSockets<'a, L: mio::event::Source, S, A> {
    socket: &'a ListeningSocket<L, S, A>,
    wait: Wait<'a, L>,
    /// How many connections in a row have failed.
    skipped: u32,
}

impl<L, S, A> IncomingSockets<'_, L, S, A>
where
    L: mio::event::Source + Descriptor,
    S: mio::event::Source + Descriptor,
{
    /// Waits for the next connection; skips those that failed. Each attempt takes
    /// from the budget, so that many failures do not keep other tasks waiting.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Registered<S>, A)>> {
        let socket = self.socket;
        loop {
            let accepted = ready!(self.wait.poll_io(cx, |listener| socket.accept(listener)));
            if let Some(accepted) = skip(&mut self.skipped, accepted) {
                return Poll::Ready(accepted.and_then(|accepted| socket.register(accepted)));
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn failed(errno: Errno) -> io::Result<u32> {
        Err(errno.into())
    }

    #[test]
    fn an_error_of_a_connection_is_skipped_until_there_are_more_than_can_wait() {
        for (errno, _) in FAULTS.iter().filter(|(_, fault)| *fault == Connection) {
            let skipped = &mut 0;
            assert!(skip(skipped, failed(*errno)).is_none(), "{errno:?}");
            assert_eq!(skip(skipped, Ok(7)).unwrap().unwrap(), 7);
            for _ in 0..MOST_IN_A_ROW {
                assert!(skip(skipped, failed(*errno)).is_none());
            }
            let error = skip(skipped, failed(*errno)).unwrap().unwrap_err();
            assert_eq!(error.raw_os_error(), Some(errno.raw_os_error()));
            let again = skip(skipped, failed(*errno));
            assert!(again.is_none(), "the count begins again");
        }
    }

    #[test]
    fn other_errors_are_not_skipped() {
        let others = FAULTS.iter().filter(|(_, fault)| *fault != Connection);
        let listener = [Errno::BADF, Errno::INVAL, Errno::NOTSOCK, Errno::FAULT];
        for errno in others.map(|(errno, _)| *errno).chain(listener) {
            assert!(skip(&mut 0, failed(errno)).is_some(), "{errno:?}");
        }
        let own = io::Error::other("not of the system");
        assert_eq!(fault(&own), Fault::Listener);
    }

    /// A stream that the poller refuses.
    struct Refused<'a>(mio::net::TcpStream, &'a Cell<u32>);

    impl mio::event::Source for Refused<'_> {
        fn register(
            &mut self,
            registry: &mio::Registry,
            token: mio::Token,
            interests: mio::Interest,
        ) -> io::Result<()> {
            match self.1.get() {
                0 => self.0.register(registry, token, interests),
                left => {
                    self.1.set(left - 1);
                    Err(Errno::NOSPC.into())
                }
            }
        }

        fn reregister(
            &mut self,
            _: &mio::Registry,
            _: mio::Token,
            _: mio::Interest,
        ) -> io::Result<()> {
            unreachable!("a source is registered once")
        }

        fn deregister(&mut self, registry: &mio::Registry) -> io::Result<()> {
            self.0.deregister(registry)
        }
    }

    impl std::os::fd::AsRawFd for Refused<'_> {
        fn as_raw_fd(&self) -> i32 {
            self.0.as_raw_fd()
        }
    }

    thread_local! {
        static REFUSALS: &'static Cell<u32> = Box::leak(Box::default());
    }

    #[test]
    fn a_connection_that_the_poller_refuses_is_the_next_that_is_accepted() {
        type Refusing = (Refused<'static>, SocketAddr);
        let accept = |listener: &mio::net::TcpListener| -> io::Result<Refusing> {
            let (stream, peer) = listener.accept()?;
            Ok((Refused(stream, REFUSALS.with(|it| *it)), peer))
        };
        crate::run(async {
            let listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let address = listener.local_addr().unwrap();
            let socket = ListeningSocket::new(listener, accept, |peer| Some(*peer)).unwrap();
            let clients = [(); 2].map(|()| std::net::TcpStream::connect(address).unwrap());
            REFUSALS.with(|it| it.set(3));
            for _ in 0..3 {
                let error = socket.next().await.err().expect("the poller refuses it");
                assert_eq!(fault(&error), Resources);
            }
            for client in &clients {
                let (_, peer) = socket.next().await.unwrap();
                assert_eq!(peer, client.local_addr().unwrap());
            }
        });
    }

    #[test]
    fn an_error_that_is_not_in_the_table_is_known_by_its_kind() {
        // On Windows, the peer of a connection that is gone has no address.
        assert_eq!(fault(&Errno::NOTCONN.into()), Connection);
        assert_eq!(fault(&io::ErrorKind::ConnectionReset.into()), Connection);
    }

    #[test]
    fn no_error_is_in_the_table_twice() {
        for (n, (errno, _)) in FAULTS.iter().enumerate() {
            let others = FAULTS[..n].iter();
            assert!(others.clone().all(|(other, _)| other != errno), "{errno:?}");
        }
    }
}
