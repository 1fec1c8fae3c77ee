//! Errors of `accept`: which concern one connection, which the machine, and
//! which the listener.
//!
//! **Invariant:** one table for all listeners; an errno that is not in it, and
//! whose kind does not say that a connection is gone, is of the listener.
//!
//! Called by the listeners of `tcp` and `unix`, and by `serve`. Imports
//! `source`.

use std::io;

#[cfg(unix)]
use rustix::io::Errno;

use super::source::Registered;
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

/// Counts errors of connections, to skip them.
#[derive(Default)]
pub(super) struct Skipped(u32);

impl Skipped {
    /// Returns the result of an attempt, or `None` if the next attempt is to be
    /// made because this one failed for its connection only.
    pub(super) fn skip<T>(&mut self, result: io::Result<T>) -> Option<io::Result<T>> {
        match result {
            Err(error) if fault(&error) == Connection && self.0 < MOST_IN_A_ROW => {
                self.0 += 1;
                None
            }
            result => {
                self.0 = 0;
                Some(result)
            }
        }
    }
}

/// Waits for the next connection of a listener; skips those that failed. Each
/// attempt takes from the budget, so that many failures do not keep other tasks
/// waiting.
pub(super) async fn next_connection<S: mio::event::Source, T>(
    source: &Registered<S>,
    accept: impl Fn(&S) -> io::Result<T>,
) -> io::Result<T> {
    let mut skipped = Skipped::default();
    loop {
        let accepted = source.when_ready(Direction::Read, &accept).await;
        if let Some(accepted) = skipped.skip(accepted) {
            return accepted;
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
            let mut skipped = Skipped::default();
            assert!(skipped.skip(failed(*errno)).is_none(), "{errno:?}");
            assert_eq!(skipped.skip(Ok(7)).unwrap().unwrap(), 7);
            for _ in 0..MOST_IN_A_ROW {
                assert!(skipped.skip(failed(*errno)).is_none());
            }
            let error = skipped.skip(failed(*errno)).unwrap().unwrap_err();
            assert_eq!(error.raw_os_error(), Some(errno.raw_os_error()));
            assert!(
                skipped.skip(failed(*errno)).is_none(),
                "the count begins again"
            );
        }
    }

    #[test]
    fn other_errors_are_not_skipped() {
        let others = FAULTS.iter().filter(|(_, fault)| *fault != Connection);
        let listener = [Errno::BADF, Errno::INVAL, Errno::NOTSOCK, Errno::FAULT];
        for errno in others.map(|(errno, _)| *errno).chain(listener) {
            let mut skipped = Skipped::default();
            assert!(skipped.skip(failed(errno)).is_some(), "{errno:?}");
        }
        let own = io::Error::other("not of the system");
        assert_eq!(fault(&own), Fault::Listener);
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
