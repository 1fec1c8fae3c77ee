//! The servers, once in a macro for all runtimes, and the sockets of the two
//! runtimes that are always measured.

use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};

/// What the servers answer over HTTP.
const HELLO: &[u8] = b"Hello, world!";

pub(crate) async fn hello(
    _: Request<Incoming>,
) -> hyper::Result<Response<http_body_util::Full<Bytes>>> {
    Ok(Response::new(Bytes::from_static(HELLO).into()))
}

/// `read` and `write` of a stream that borrows the buffer.
macro_rules! by_readiness {
    () => {
        async fn read(stream: &mut Self::Stream, mut buffer: Vec<u8>) -> (usize, Vec<u8>) {
            let count = stream.read(&mut buffer).await.unwrap_or(0);
            (count, buffer)
        }

        async fn write(stream: &mut Self::Stream, bytes: Vec<u8>, count: usize) -> Vec<u8> {
            stream
                .write_all(&bytes[..count])
                .await
                .expect("an answer goes out");
            bytes
        }
    };
}
pub(crate) use by_readiness;

/// The servers' tasks: how to spawn one, and what makes hyper's stream.
macro_rules! tasks {
    (|$task:ident| $spawn:expr, $hyper_io:expr) => {
        fn spawn_echo(
            mut stream: Self::Stream,
            ended: futures::channel::mpsc::UnboundedSender<u64>,
        ) {
            let $task = async move {
                let mut buffer = vec![0; $crate::net::BUFFER];
                loop {
                    let (count, bytes) = Self::read(&mut stream, buffer).await;
                    if count == 0 {
                        break;
                    }
                    buffer = Self::write(&mut stream, bytes, count).await;
                }
                drop(stream);
                drop(ended);
            };
            $spawn;
        }

        fn spawn_hello(stream: Self::Stream, ended: futures::channel::mpsc::UnboundedSender<u64>) {
            let io = ($hyper_io)(stream);
            let $task = async move {
                let service = hyper::service::service_fn($crate::net::servers::hello);
                let http = hyper::server::conn::http1::Builder::new();
                // The client closes the connection, in the middle or not.
                let _result = http.serve_connection(io, service).await;
                drop(ended);
            };
            $spawn;
        }

        fn spawn_reader(
            mut stream: Self::Stream,
            count: futures::channel::mpsc::UnboundedSender<u64>,
        ) {
            let $task = async move {
                let mut reading = $crate::net::Reading::new();
                let mut buffer = vec![0; $crate::net::BUFFER];
                loop {
                    let (length, bytes) = Self::read(&mut stream, buffer).await;
                    if !reading.goes_on(&bytes[..length]) {
                        break;
                    }
                    buffer = bytes;
                }
                drop(stream);
                count
                    .unbounded_send(reading.count())
                    .expect("the counter receives");
            };
            $spawn;
        }
    };
}
pub(crate) use tasks;

/// tokio's sockets, for any of its schedulers.
macro_rules! tokio {
    ($side:ident, $spawn:path) => {
        const _: () = {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            use tokio::net::{TcpListener, TcpStream};

            impl $crate::net::Sockets for $side {
                type Listener = TcpListener;
                type Stream = TcpStream;

                fn listen(connections: usize) -> (Self::Listener, std::net::SocketAddr) {
                    let (listener, addr) = $crate::net::listen(connections);
                    listener.set_nonblocking(true).expect("an option");
                    (TcpListener::from_std(listener).expect("a listener"), addr)
                }

                async fn accept(listener: &Self::Listener) -> Self::Stream {
                    let (stream, _peer) = listener.accept().await.expect("a connection");
                    stream.set_nodelay(true).expect("an option");
                    stream
                }

                $crate::net::servers::by_readiness!();
                $crate::net::servers::tasks!(
                    |task| drop($spawn(task)),
                    hyper_util::rt::TokioIo::new
                );
            }
        };
    };
}
pub(crate) use tokio;

use crate::side::{Executor, Tokio};
tokio!(Tokio, ::tokio::spawn);

const _: () = {
    use executor::net::{TcpListener, TcpStream};
    use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};

    impl crate::net::Sockets for Executor {
        type Listener = TcpListener;
        type Stream = TcpStream;

        fn listen(connections: usize) -> (Self::Listener, std::net::SocketAddr) {
            let (listener, addr) = crate::net::listen(connections);
            (TcpListener::from_std(listener).expect("a listener"), addr)
        }

        async fn accept(listener: &Self::Listener) -> Self::Stream {
            let (stream, _peer) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("an option");
            stream
        }

        by_readiness!();
        tasks!(|task| drop(executor::spawn(task)), executor::hyper::Io::new);
    }
};
