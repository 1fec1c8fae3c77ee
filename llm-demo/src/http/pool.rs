//! Connections that wait for the next request.
//!
//! **Invariant:** what is in the pool was free when it came in and has not
//! been there for long; whether it still is free is looked at when it leaves.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::Duration;

use executor::now;

use super::connection::Connection;
use super::origin::Origin;

/// How long a connection is kept. Servers close theirs after 5 to 75 seconds
/// in silence; one that is closed at the moment of use costs a second try.
const KEPT_FOR: Duration = Duration::from_secs(15);

/// How many are kept per origin: a burst of a thousand need not leave a
/// thousand sockets behind.
const MOST_KEPT: usize = 100;

type Kept = RefCell<HashMap<Origin, Vec<Connection>>>;

#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    kept: Rc<Kept>,
}

impl Pool {
    /// The connection that was used last, if one is free.
    pub(super) async fn take(&self, origin: &Origin) -> Option<Connection> {
        poll_fn(|cx| {
            while let Some(mut connection) = self.pop(origin) {
                if connection.is_free(cx) {
                    return Poll::Ready(Some(connection));
                }
            }
            Poll::Ready(None)
        })
        .await
    }

    fn pop(&self, origin: &Origin) -> Option<Connection> {
        let mut kept = self.kept.borrow_mut();
        let connections = kept.get_mut(origin)?;
        let oldest = now().checked_sub(KEPT_FOR);
        connections.retain(|connection| connection.idle_since() >= oldest);
        connections.pop()
    }

    /// One was dead: then its neighbours are as well.
    pub(super) fn forget(&self, origin: &Origin) {
        let forgotten = self.kept.borrow_mut().remove(origin);
        drop(forgotten);
    }

    /// Where a connection goes when its answer has been read.
    pub(super) fn place(&self, origin: &Origin) -> Place {
        Place {
            kept: Rc::downgrade(&self.kept),
            origin: origin.clone(),
        }
    }
}

/// An origin's place in a pool that may be gone by then.
#[derive(Debug)]
pub(super) struct Place {
    kept: Weak<Kept>,
    origin: Origin,
}

impl Place {
    pub(super) fn put(&self, mut connection: Connection) {
        let Some(kept) = self.kept.upgrade() else {
            return;
        };
        let mut kept = kept.borrow_mut();
        let connections = kept.entry(self.origin.clone()).or_default();
        if connections.len() < MOST_KEPT {
            connection.rest();
            connections.push(connection);
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.origin.fmt(f)
    }
}
