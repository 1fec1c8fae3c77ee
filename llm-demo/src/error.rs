//! What can go wrong between a question and its answer.
//!
//! **Invariant:** one line says what happened, where, and what to do; and a
//! key is in none of them.
//!
//! Made by `client`, `stream` and `http`.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::time::Duration;

/// Why there is no answer, or no whole one.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// What the client was told makes no sense: a base URL, a proxy, a
    /// message.
    Config(String),
    /// No connection came to be: the name, the network, the certificate.
    Connect {
        /// The origin, such as `https://api.example.com`.
        to: String,
        /// What failed.
        source: io::Error,
    },
    /// The connection broke before the answer was there.
    Broken {
        /// The origin.
        to: String,
        /// What hyper or the socket said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something took longer than its limit.
    Timeout {
        /// What was waited for.
        phase: Phase,
        /// The origin.
        to: String,
        /// For how long.
        limit: Duration,
    },
    /// The server refused, with a status or in the middle of a stream.
    Api(Box<ApiError>),
    /// The answer is not what the protocol says.
    Protocol(String),
    /// The stream ended before the answer did: no `finish_reason` came and no
    /// `[DONE]`. What came is in
    /// [`ChatStream::message`](crate::ChatStream::message).
    Truncated {
        /// How many deltas had come.
        after: usize,
        /// What cut it; `None` if the server ended the stream as if it were
        /// whole.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Reading or writing something here failed.
    Io(io::Error),
}

/// What a client waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// For a connection: name, TCP, proxy, TLS.
    Connect,
    /// For the head of the answer.
    FirstByte,
    /// For more of the answer.
    Idle,
    /// For all of it.
    Total,
}

/// What a server says when it refuses: OpenAI's error object, or what there is
/// of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status; `None` in the middle of a stream.
    pub status: Option<u16>,
    /// A sentence for people.
    pub message: String,
    /// Such as `invalid_request_error`.
    pub kind: Option<String>,
    /// Such as `model_not_found`.
    pub code: Option<String>,
    /// The parameter that is wrong.
    pub param: Option<String>,
    /// The server's number of the request, to quote when asking for help.
    pub request_id: Option<String>,
}

impl Error {
    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Error::Api(error) => error.status,
            _ => None,
        }
    }

    /// Whether the stream ended before the answer did.
    pub fn is_truncated(&self) -> bool {
        matches!(self, Error::Truncated { .. })
    }

    /// Whether a limit of time passed.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Error::Timeout { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Config(text) | Error::Protocol(text) => f.write_str(text),
            Error::Connect { to, source } => {
                write!(f, "no connection to {to}: {source}{}", advice(source))
            }
            Error::Broken { to, source } => {
                let cause = innermost(source.as_ref());
                write!(f, "the connection to {to} broke before the answer: {cause}")
            }
            Error::Timeout { phase, to, limit } => write!(f, "{phase} {to} within {limit:?}"),
            Error::Api(error) => error.fmt(f),
            Error::Truncated { after, source } => {
                write!(f, "the answer was cut off after {after} deltas: ")?;
                match source {
                    Some(source) => write!(f, "{}", innermost(source.as_ref())),
                    None => f.write_str("the stream ended without finish_reason and [DONE]"),
                }
            }
            Error::Io(error) => error.fmt(f),
        }
    }
}

/// What to do about a failed connection.
fn advice(error: &io::Error) -> &'static str {
    let text = error.to_string();
    if text.contains("certificate") {
        "; SSL_CERT_FILE can name a file with the authority that signed it"
    } else if text.contains("cannot look up") {
        "; check the host's name"
    } else if error.kind() == io::ErrorKind::ConnectionRefused {
        "; is a server running there?"
    } else if text.contains("InvalidContentType") {
        "; it does not speak TLS: write http:// if that is what it is"
    } else {
        ""
    }
}

/// hyper's errors say the general and keep the particular inside.
fn innermost<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a dyn std::error::Error {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Connect => "no connection to",
            Phase::FirstByte => "no answer began from",
            Phase::Idle => "the answer stalled: nothing more came from",
            Phase::Total => "no whole answer from",
        })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.code.as_deref().or(self.kind.as_deref());
        let status = self.status.map(|status| status.to_string());
        let words = [status.as_deref(), name];
        let head: Vec<&str> = words.into_iter().flatten().collect();
        match head[..] {
            [] => write!(f, "the server says: {}", self.message)?,
            _ => write!(f, "{}: {}", head.join(" "), self.message)?,
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        match self.status {
            Some(401) => f.write_str("; OPENAI_API_KEY or the base URL does not fit"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Connect { source, .. } => Some(source),
            Error::Broken { source, .. } => Some(source.as_ref()),
            Error::Truncated { source, .. } => Some(source.as_deref()?),
            Error::Api(error) => Some(error.as_ref()),
            Error::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl std::error::Error for ApiError {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Io(error)
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Error::Api(Box::new(error))
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
