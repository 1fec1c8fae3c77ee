//! One connection: hyper on a socket, the router behind it.
//!
//! Invariant: a stop lets the request that is running end, and closes a
//! connection that is idle. Called by `Server::until`, in a task for each.

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use executor::hyper::{Io, Timer};
use executor::net::TcpStream;
use futures::AsyncWriteExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use send_wrapper::SendWrapper;
use tower_service::Service;

use crate::error::ApiError;
use crate::fault::Fault;
use crate::notice::Notice;
use crate::patient::Patient;
use crate::routes::and_close;
use crate::shared::Shared;
use crate::watch::RequestInfo;

/// The head of a request may have this many bytes, and so may what waits to be
/// written: a client that does not read stops the model that early.
const BUFFER: usize = 64 * 1024;

/// Serves one connection until it ends; once `stopped`, no further request.
pub(crate) async fn serve(
    shared: Rc<Shared>,
    router: Router,
    stream: TcpStream,
    stopped: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error>> {
    if shared.settings.fault == Some(Fault::Garbage) {
        return garbage(stream).await.map_err(Into::into);
    }
    stream.set_nodelay(true)?; // a token that waits for the next one is late
    let going = Rc::new(Cell::new(false));
    let service = service_fn(|request| {
        answer(
            Rc::clone(&shared),
            router.clone(),
            Rc::clone(&going),
            request,
        )
    });
    let stream = Io::new(Patient::new(stream, shared.settings.patience));
    let mut http = http1::Builder::new();
    http.timer(Timer::new())
        .header_read_timeout(shared.settings.patience)
        .max_buf_size(BUFFER);
    let mut connection = pin!(http.serve_connection(stream, service));
    // Dropped before the connection, so that its answers know which side ended it.
    let mut dropped = Dropped {
        going: Some(Rc::clone(&going)),
    };
    let mut stopped = pin!(stopped);
    let mut stopping = false;
    let outcome = poll_fn(|cx| {
        if !stopping && stopped.as_mut().poll(cx).is_ready() {
            stopping = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    });
    let outcome = outcome.await;
    dropped.going = None; // it ended by itself
    match outcome {
        Err(error) if is_news(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Marks a connection that the server drops, not the client.
struct Dropped {
    going: Option<Rc<Cell<bool>>>,
}

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(going) = &self.going {
            going.set(true);
        }
    }
}

/// Clients that leave are told by `Watch`, faults by themselves.
fn is_news(error: &hyper::Error) -> bool {
    let left = |error: &io::Error| {
        let kinds = [
            io::ErrorKind::BrokenPipe,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::ConnectionAborted,
            io::ErrorKind::NotConnected,
        ];
        kinds.contains(&error.kind())
    };
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    !error.is_incomplete_message()
        && !error.is_user()
        && !error.is_timeout()
        && !cause.is_some_and(left)
}

async fn garbage(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await?;
    stream.close().await
}

/// Answers one request, with the headers that every answer has.
async fn answer(
    shared: Rc<Shared>,
    mut router: Router,
    going: Rc<Cell<bool>>,
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let id = shared.request_id();
    let what = format!("{} {}", request.method(), request.uri().path());
    let info = RequestInfo {
        id: id.clone(),
        going,
    };
    request.extensions_mut().insert(SendWrapper::new(info));
    let mut response = match refuse(&shared, &request) {
        Some(refusal) => refusal,
        None => router.call(request).await?,
    };
    let headers = response.headers_mut();
    let value = HeaderValue::from_str(&id).expect("letters and digits");
    headers.insert("x-request-id", value);
    headers.insert("openai-version", HeaderValue::from_static("2020-10-01"));
    shared.tell(&Notice::Answered {
        request: id,
        what,
        status: response.status().as_u16(),
    });
    Ok(response)
}

/// What is refused whatever its address.
fn refuse(shared: &Shared, request: &Request<Incoming>) -> Option<Response> {
    let headers = request.headers();
    if headers.contains_key(CONTENT_LENGTH) && headers.contains_key(TRANSFER_ENCODING) {
        // A proxy in between may see another end of the request.
        let text = "There may be Content-Length or Transfer-Encoding, not both.";
        return Some(and_close(ApiError::bad_request(text)));
    }
    let key = shared.settings.api_key.as_deref()?;
    let sent = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let sent = sent.and_then(|value| value.strip_prefix("Bearer "));
    (sent != Some(key)).then(|| ApiError::wrong_key().into_response())
}
