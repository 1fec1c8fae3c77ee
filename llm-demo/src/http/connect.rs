//! From an origin to a connection: name, TCP, proxy, TLS.
//!
//! **Invariant:** all of it together keeps within one limit of time.

use std::io;

use executor::net::TcpStream;
use executor::timeout;

use super::Shared;
use super::connection::Connection;
use super::origin::Origin;
use super::tls::Stream;
use crate::error::{Error, Phase};

pub(super) async fn connect(shared: &Shared, origin: &Origin) -> Result<Connection, Error> {
    let limit = shared.settings.timeouts.connect;
    let to = origin.to_string();
    match timeout(limit, open(shared, origin)).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(source)) => Err(Error::Connect { to, source }),
        Err(_) => Err(Error::Timeout {
            phase: Phase::Connect,
            to,
            limit,
        }),
    }
}

async fn open(shared: &Shared, origin: &Origin) -> io::Result<Connection> {
    let stream = match shared.settings.proxy.to(origin)? {
        Some(proxy) => proxy.connect(origin).await?,
        None => TcpStream::connect((origin.host.as_str(), origin.port)).await?,
    };
    stream.set_nodelay(true)?;
    let stream: Stream = if origin.https {
        let ca_file = shared.settings.ca_file.as_ref();
        // In a box, or those without TLS would have its kibibyte as well.
        Box::pin(shared.tls.secure(&origin.host, ca_file, stream)).await?
    } else {
        Box::pin(stream)
    };
    // TLS writes one buffer at a time.
    let vectored = !origin.https;
    Connection::open(stream, vectored)
        .await
        .map_err(io::Error::other)
}
