//! One connection: hyper's two halves of it, kept together.
//!
//! **Invariant:** the half that moves bytes is polled only while a task waits
//! for an answer or its body.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Instant;

use executor::hyper::Io;
use executor::now;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response};

use super::tls::Stream;

pub(super) type Gone = hyper::Error;

pub(super) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// In a box, because it is large and moves: into the pool, into the body,
    /// and twice into each future that it is handed to.
    bytes: Box<http1::Connection<Io<Stream>, Full<Bytes>>>,
    /// Has hyper ended it?
    over: bool,
    idle_since: Option<Instant>,
}

impl Connection {
    pub(super) async fn open(stream: Stream, vectored: bool) -> Result<Self, Gone> {
        let mut http = http1::Builder::new();
        http.writev(vectored);
        let (sender, bytes) = http.handshake(Io::new(stream)).await?;
        Ok(Connection {
            sender,
            bytes: Box::new(bytes),
            over: false,
            idle_since: None,
        })
    }

    /// Sends a request and moves bytes until the head of its answer is there.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Gone> {
        let mut answer = pin!(self.sender.send_request(request));
        let (bytes, over) = (&mut self.bytes, &mut self.over);
        poll_fn(|cx| {
            if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
                return Poll::Ready(answer);
            }
            if !*over && Pin::new(&mut *bytes).poll(cx).is_ready() {
                *over = true; // why, the answer will say
            }
            answer.as_mut().poll(cx)
        })
        .await
    }

    /// Moves the bytes that can be moved.
    pub(super) fn poll_bytes(&mut self, cx: &mut Context<'_>) {
        if !self.over && Pin::new(&mut self.bytes).poll(cx).is_ready() {
            self.over = true;
        }
    }

    /// Could another request be sent? Looks at what has come meanwhile, such
    /// as the server's farewell.
    pub(super) fn is_free(&mut self, cx: &mut Context<'_>) -> bool {
        self.poll_bytes(cx);
        !self.over && self.sender.is_ready()
    }

    pub(super) fn rest(&mut self) {
        self.idle_since = Some(now());
    }

    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.idle_since
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
