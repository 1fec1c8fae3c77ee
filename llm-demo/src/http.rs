//! A small HTTP client on hyper and this loop: requests out, bodies in.
//!
//! **Invariant:** nothing runs beside the caller: a connection is driven by the
//! task that waits for its answer, so bytes are read when they are asked for
//! and dropping the answer closes the connection.
//!
//! Called by `client` and by the program `fetch_urls`.

mod body;
mod connect;
mod connection;
mod origin;
mod pool;
mod proxy;
mod tls;

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use executor::now;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};

use crate::error::{Error, Phase};
pub use body::Body;
pub(crate) use body::Cut;
use connection::{Connection, Gone};
pub use origin::{Origin, Url};
use pool::Pool;
pub use proxy::Proxy;

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection: name, TCP, proxy, TLS.
    pub connect: Duration,
    /// For the head of the answer.
    pub first_byte: Duration,
    /// For more of the answer; any bytes start it anew.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(60),
        }
    }
}

/// What a [`Http`] is made from.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// The way to `https` origins, if it is not the straight one.
    pub proxy: Proxy,
    /// A file of certificates to trust in place of the machine's.
    pub ca_file: Option<PathBuf>,
}

impl Settings {
    /// The usual ones, with the proxy that the environment names.
    pub fn from_env() -> Self {
        Settings {
            proxy: Proxy::from_env(),
            ..Settings::default()
        }
    }
}

/// Sends requests, and keeps connections for the next one. Clones share them.
#[derive(Clone, Debug)]
pub struct Http {
    shared: Rc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    tls: tls::Lazy,
    pool: Pool,
}

/// The head of an answer, and its body still to come.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// Did it come over a connection that had been kept?
    pub reused: bool,
}

/// A request, as often as it has to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// GET, POST.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// All headers but `Host`.
    pub headers: HeaderMap,
    /// The body; may be empty.
    pub body: Bytes,
    /// When all of the body has to be there. Until its head is there, it is
    /// the caller's to keep.
    pub deadline: Option<Deadline>,
}

/// A moment, and how far away it was at first.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    /// So long from now on the loop's clock.
    pub fn after(limit: Duration) -> Self {
        let at = now() + limit;
        Deadline { at, limit }
    }

    /// The moment.
    pub(crate) fn at(self) -> Instant {
        self.at
    }

    pub(crate) fn missed(self, to: &impl ToString) -> Error {
        Error::Timeout {
            phase: Phase::Total,
            to: to.to_string(),
            limit: self.limit,
        }
    }
}

impl Http {
    /// A client without connections yet.
    pub fn new(settings: Settings) -> Self {
        Http {
            shared: Rc::new(Shared {
                settings,
                tls: tls::Lazy::default(),
                pool: Pool::default(),
            }),
        }
    }

    /// Sends a request, and gives the head of its answer.
    ///
    /// A kept connection that turns out to be closed is not the caller's
    /// trouble: the request is sent once more, over a fresh one.
    ///
    /// *Cancel safety:* dropping it closes the connection.
    ///
    /// # Errors
    ///
    /// If no connection comes to be, or no answer. A status is no error here.
    pub async fn send(&self, request: &Outgoing) -> Result<Answer, Error> {
        let origin = &request.url.origin;
        if let Some(kept) = self.shared.pool.take(origin).await {
            match self.exchange(kept, request, true).await {
                Err(Failed::Gone(_)) => self.shared.pool.forget(origin),
                result => return result.map_err(|failed| failed.into_error(origin)),
            }
        }
        let fresh = connect::connect(&self.shared, origin).await?;
        let answer = self.exchange(fresh, request, false).await;
        answer.map_err(|failed| failed.into_error(origin))
    }

    /// Fetches a page, whole: its status and its bytes.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and those of [`Body::read_to_end`].
    pub async fn get(&self, url: &Url) -> Result<(StatusCode, Vec<u8>), Error> {
        const LONGEST: usize = 64 * 1024 * 1024;
        let request = Outgoing {
            method: Method::GET,
            url: url.clone(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            deadline: None,
        };
        let mut answer = self.send(&request).await?;
        let page = answer.body.read_to_end(LONGEST).await?;
        Ok((answer.status, page))
    }

    async fn exchange(
        &self,
        mut connection: Connection,
        request: &Outgoing,
        reused: bool,
    ) -> Result<Answer, Failed> {
        let limit = self.shared.settings.timeouts.first_byte;
        let answer = executor::timeout(limit, connection.send(to_hyper(request))).await;
        let answer = match answer {
            Ok(answer) => answer.map_err(Failed::Gone)?,
            Err(_) => return Err(Failed::Late(limit)),
        };
        let (head, incoming) = answer.into_parts();
        let pool = self.shared.pool.clone();
        let body = Body::new(
            incoming,
            connection,
            pool.place(&request.url.origin),
            self.shared.settings.timeouts.idle,
            request.deadline,
        );
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
            reused,
        })
    }
}

/// Why a connection gave no answer.
enum Failed {
    Gone(Gone),
    Late(Duration),
}

impl Failed {
    fn into_error(self, origin: &Origin) -> Error {
        match self {
            Failed::Gone(gone) => Error::Broken {
                to: origin.to_string(),
                source: gone.into(),
            },
            Failed::Late(limit) => Error::Timeout {
                phase: Phase::FirstByte,
                to: origin.to_string(),
                limit,
            },
        }
    }
}

fn to_hyper(request: &Outgoing) -> Request<Full<Bytes>> {
    let mut outgoing = Request::new(Full::new(request.body.clone()));
    *outgoing.method_mut() = request.method.clone();
    *outgoing.uri_mut() = request.url.path.clone();
    *outgoing.headers_mut() = request.headers.clone();
    let host = HeaderValue::from_str(&request.url.origin.authority());
    let host = host.expect("an origin is made of what a header can hold");
    outgoing.headers_mut().insert(HOST, host);
    outgoing
}
