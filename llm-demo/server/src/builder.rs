//! How a server is set up.
//!
//! Invariant: the listener is bound before its address is given out. Called by
//! users.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use executor::net::TcpListener;
use socket2::{Domain, Protocol, Socket, Type};

use crate::Server;
use crate::fault::Fault;
use crate::notice::Notice;
use crate::shared::{Settings, Shared};

/// So many connections may wait to be accepted; the kernel takes its own
/// maximum if that is less.
const BACKLOG: i32 = 4096;

/// Settings of a [`Server`]; made by [`Server::builder`].
pub struct Builder {
    settings: Settings,
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            settings: Settings {
                port: 0,
                seed: 0,
                token_delay: Duration::from_millis(32),
                first_token_delay: Duration::from_millis(150),
                stamps: false,
                fault: None,
                fault_after: 5,
                fault_every: 1,
                api_key: None,
                max_body: 4 * 1024 * 1024,
                patience: Duration::from_secs(30),
                connections: usize::MAX,
                grace: Duration::from_secs(5),
                log: Box::new(|_| {}),
            },
        }
    }
}

impl Builder {
    /// The port on 127.0.0.1; 0, the default, is any that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.settings.port = port;
        self
    }

    /// Another seed, other stories.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// The time from one token to the next, give or take a fifth; 32 ms if not
    /// set. Zero is as fast as possible, with a turn of the loop for each.
    pub fn token_delay(mut self, delay: Duration) -> Self {
        self.settings.token_delay = delay;
        self
    }

    /// The time to the first token; 150 ms if not set.
    pub fn first_token_delay(mut self, delay: Duration) -> Self {
        self.settings.first_token_delay = delay;
        self
    }

    /// Streams no words: in the place of each stands the moment at which it was
    /// due, in microseconds since 1970. So a client on the same machine can tell
    /// how late it sees a token.
    pub fn stamps(mut self, stamps: bool) -> Self {
        self.settings.stamps = stamps;
        self
    }

    /// Neither delay.
    pub fn no_delay(self) -> Self {
        self.token_delay(Duration::ZERO)
            .first_token_delay(Duration::ZERO)
    }

    /// Fails requests that generate or embed something.
    pub fn fault(mut self, fault: impl Into<Option<Fault>>) -> Self {
        self.settings.fault = fault.into();
        self
    }

    /// How many tokens come before a fault in mid-stream; 5 if not set.
    pub fn fault_after(mut self, tokens: usize) -> Self {
        self.settings.fault_after = tokens;
        self
    }

    /// Fails the first of every `n` requests only; 1 if not set, which is all.
    ///
    /// # Panics
    ///
    /// If `n` is zero.
    #[track_caller]
    pub fn fault_every(mut self, n: u64) -> Self {
        assert!(n > 0, "fault_every(0) names no request");
        self.settings.fault_every = n;
        self
    }

    /// Answers only requests with this key; the others get 401. Without it,
    /// any key will do, and none.
    pub fn api_key(mut self, key: impl Into<Option<String>>) -> Self {
        self.settings.api_key = key.into();
        self
    }

    /// How many bytes a request's body may have; 4 MiB if not set.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// How long a client may take over a request's head, over its body, and
    /// over reading anything at all; 30 s if not set.
    pub fn patience(mut self, time: Duration) -> Self {
        self.settings.patience = time;
        self
    }

    /// How many connections are served at once; more wait in the kernel.
    ///
    /// # Panics
    ///
    /// If `n` is zero.
    #[track_caller]
    pub fn connections(mut self, n: usize) -> Self {
        assert!(n > 0, "connections(0) would never serve a connection");
        self.settings.connections = n;
        self
    }

    /// How long running answers may go on after a stop; 5 s if not set.
    pub fn grace(mut self, time: Duration) -> Self {
        self.settings.grace = time;
        self
    }

    /// Receives the server's notices, which are discarded otherwise.
    pub fn log(mut self, log: impl Fn(&Notice) + 'static) -> Self {
        self.settings.log = Box::new(log);
        self
    }

    /// Binds the port.
    ///
    /// # Errors
    ///
    /// If the port is taken, with its number in the text.
    ///
    /// # Panics
    ///
    /// Outside a running loop.
    pub fn bind(self) -> io::Result<Server> {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, self.settings.port));
        let listener = listen(addr, self.settings.fault).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen on {addr}: {error}"))
        })?;
        Ok(Server {
            addr: listener.local_addr()?,
            listener,
            shared: Rc::new(Shared::new(self.settings)),
        })
    }
}

fn listen(addr: SocketAddr, fault: Option<Fault>) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if fault == Some(Fault::Reset) {
        // Connections inherit it: to close one that lingers for no time is to
        // reset it.
        socket.set_linger(Some(Duration::ZERO))?;
    }
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("port", &self.settings.port)
            .finish_non_exhaustive()
    }
}
