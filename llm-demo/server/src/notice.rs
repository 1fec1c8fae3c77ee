//! The notices that the server gives to its log.
//!
//! Invariant: a notice holds no key and no text of a prompt. Called by
//! `routes`, `stream` and `connection`; taken by the log that a server was
//! built with.

use std::fmt;
use std::net::SocketAddr;

use crate::fault::Fault;

/// Something that happened on a server; its `Display` is one line of a log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// A request has its answer, or the head of one that is streamed.
    Answered {
        /// The request's id, as in the header `x-request-id`.
        request: String,
        /// The method and the path.
        what: String,
        /// The status.
        status: u16,
    },
    /// A client left before it had the whole answer; the generation stopped.
    ClientLeft {
        /// The request's id.
        request: String,
        /// How many tokens had been generated.
        tokens: usize,
    },
    /// A fault that was asked for was done.
    Failed {
        /// The request's id.
        request: String,
        /// Which.
        fault: Fault,
    },
    /// A connection ended with an error.
    Connection {
        /// The other side.
        peer: SocketAddr,
        /// The error.
        error: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Answered {
                request,
                what,
                status,
            } => write!(f, "{request} {what}: {status}"),
            Notice::ClientLeft { request, tokens } => write!(
                f,
                "{request} the client left after {tokens} tokens; generation stopped"
            ),
            Notice::Failed { request, fault } => write!(f, "{request} failed as asked: {fault}"),
            Notice::Connection { peer, error } => write!(f, "connection from {peer}: {error}"),
        }
    }
}
