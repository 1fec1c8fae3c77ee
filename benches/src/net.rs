//! A server on either runtime, and a load that comes from another thread.
//!
//! The server runs where the row runs, so its processor time can be told from
//! the client's. The client is plain blocking sockets of std's: no runtime, and
//! the same for both. It writes a request on every connection and then reads
//! every answer; so with many connections the server finds many ready at once,
//! and with one it is asked, answers and waits.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::clock::{CpuWatch, Stopwatch};
use crate::side::{Executor, Side, Tokio};

/// How much an echo server reads at once.
const ECHO_BUFFER: usize = 1024;

/// What the servers answer over HTTP.
const HELLO: &[u8] = b"Hello, world!";

/// The two runtimes' sockets.
///
/// The servers of one and of the other differ in the names of what they call;
/// they are written twice because the futures of the executor's sockets are
/// not `Send`, and tokio asks for that.
pub trait Sockets: Side {
    /// A connection.
    type Stream;

    /// Accepts so many connections.
    fn accept(listener: TcpListener, count: usize) -> impl Future<Output = Vec<Self::Stream>>;

    /// Spawns a task that sends back what it reads, until the end.
    fn spawn_echo(stream: Self::Stream);

    /// Spawns hyper's server, which says hello to every request.
    fn spawn_hello(stream: Self::Stream);

    /// Reads and forgets so many bytes.
    fn receive(
        stream: &mut Self::Stream,
        buffer: &mut [u8],
        count: u64,
    ) -> impl Future<Output = ()>;

    /// Writes a block so many times.
    fn send(stream: &mut Self::Stream, block: &[u8], times: u64) -> impl Future<Output = ()>;
}

async fn hello(_: Request<Incoming>) -> hyper::Result<Response<http_body_util::Full<Bytes>>> {
    Ok(Response::new(Bytes::from_static(HELLO).into()))
}

impl Sockets for Executor {
    type Stream = executor::net::TcpStream;

    async fn accept(listener: TcpListener, count: usize) -> Vec<Self::Stream> {
        let listener = executor::net::TcpListener::from_std(listener).expect("a listener");
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let (stream, _peer) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("an option");
            streams.push(stream);
        }
        streams
    }

    fn spawn_echo(mut stream: Self::Stream) {
        executor::spawn(async move {
            let mut buffer = vec![0; ECHO_BUFFER];
            loop {
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(n) => stream.write_all(&buffer[..n]).await.expect("an answer"),
                }
            }
        });
    }

    fn spawn_hello(stream: Self::Stream) {
        let io = executor::hyper::Io::new(stream);
        executor::spawn(http1::Builder::new().serve_connection(io, service_fn(hello)));
    }

    async fn receive(stream: &mut Self::Stream, buffer: &mut [u8], count: u64) {
        let mut left = count;
        while left > 0 {
            let room = buffer.len().min(left as usize);
            left -= stream.read(&mut buffer[..room]).await.expect("a block") as u64;
        }
    }

    async fn send(stream: &mut Self::Stream, block: &[u8], times: u64) {
        for _ in 0..times {
            stream.write_all(block).await.expect("a block goes out");
        }
    }
}

impl Sockets for Tokio {
    type Stream = tokio::net::TcpStream;

    async fn accept(listener: TcpListener, count: usize) -> Vec<Self::Stream> {
        listener.set_nonblocking(true).expect("an option");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let (stream, _peer) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("an option");
            streams.push(stream);
        }
        streams
    }

    fn spawn_echo(mut stream: Self::Stream) {
        tokio::spawn(async move {
            let mut buffer = vec![0; ECHO_BUFFER];
            loop {
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(n) => stream.write_all(&buffer[..n]).await.expect("an answer"),
                }
            }
        });
    }

    fn spawn_hello(stream: Self::Stream) {
        let io = hyper_util::rt::TokioIo::new(stream);
        tokio::spawn(http1::Builder::new().serve_connection(io, service_fn(hello)));
    }

    async fn receive(stream: &mut Self::Stream, buffer: &mut [u8], count: u64) {
        let mut left = count;
        while left > 0 {
            let room = buffer.len().min(left as usize);
            left -= stream.read(&mut buffer[..room]).await.expect("a block") as u64;
        }
    }

    async fn send(stream: &mut Self::Stream, block: &[u8], times: u64) {
        for _ in 0..times {
            stream.write_all(block).await.expect("a block goes out");
        }
    }
}

/// What came out of a row with sockets.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// On the wall.
    pub wall: Duration,
    /// The server's thread on the processor.
    pub cpu: Duration,
}

/// Serves connections on this thread, while another one asks `rounds` times on
/// each of them. `answer` is how many bytes come back, or 0 to find that out.
///
/// Connecting, and the first round, are not in the time.
pub fn asked<S: Sockets>(
    connections: usize,
    rounds: u64,
    request: &'static [u8],
    spawn: fn(S::Stream),
) -> Took {
    let (listener, addr) = listen(connections);
    S::run(async {
        let (warm, is_warm) = oneshot::channel();
        let (finish, finished) = oneshot::channel();
        let (begin, may_begin) = std::sync::mpsc::channel();
        let client = thread::spawn(move || {
            let mut clients = connect(addr, connections);
            let answer = first_answers(&mut clients, request);
            warm.send(()).expect("the server waits");
            may_begin.recv().expect("the server goes on");
            let watch = Stopwatch::start();
            for _ in 0..rounds {
                ask(&mut clients, request, answer);
            }
            finish.send(watch.stop()).expect("the server waits");
            clients
        });
        for stream in S::accept(listener, connections).await {
            spawn(stream);
        }
        is_warm.await.expect("the client is there");
        let watch = CpuWatch::start();
        begin.send(()).expect("the client waits");
        let wall = finished.await.expect("the client comes to its end");
        let cpu = watch.stop();
        drop(client.join().expect("the client does not panic"));
        Took { wall, cpu }
    })
}

/// The server reads what a thread writes, block after block.
pub fn received<S: Sockets>(block: usize, times: u64) -> Took {
    let (listener, addr) = listen(1);
    let writer = thread::spawn(move || {
        let mut client = connect(addr, 1).remove(0);
        let block = vec![7; block];
        for _ in 0..=times {
            client.write_all(&block).expect("a block goes out");
        }
        client
    });
    S::run(async {
        let mut stream = S::accept(listener, 1).await.remove(0);
        let mut buffer = vec![0; block];
        S::receive(&mut stream, &mut buffer[..1], 1).await;
        let (wall, cpu) = (Stopwatch::start(), CpuWatch::start());
        S::receive(&mut stream, &mut buffer, block as u64 * times).await;
        let took = Took {
            cpu: cpu.stop(),
            wall: wall.stop(),
        };
        // What is left of the first block, so that the writer comes to its end.
        S::receive(&mut stream, &mut buffer, block as u64 - 1).await;
        drop(writer.join().expect("the writer does not panic"));
        took
    })
}

/// The server writes what a thread reads, block after block.
pub fn sent<S: Sockets>(block: usize, times: u64) -> Took {
    let (listener, addr) = listen(1);
    let reader = thread::spawn(move || {
        let mut client = connect(addr, 1).remove(0);
        let mut buffer = vec![0; block];
        let mut left = block as u64 * times;
        while left > 0 {
            left -= client.read(&mut buffer).expect("a block") as u64; // nothing else is sent
        }
        client
    });
    S::run(async {
        let mut stream = S::accept(listener, 1).await.remove(0);
        let block = vec![7; block];
        let (wall, cpu) = (Stopwatch::start(), CpuWatch::start());
        S::send(&mut stream, &block, times).await;
        let took = Took {
            cpu: cpu.stop(),
            wall: wall.stop(),
        };
        drop(reader.join().expect("the reader does not panic"));
        took
    })
}

/// Serves so many connections that say nothing, and gives what `resident` says
/// each of them has added.
///
/// The clients are descriptors of this process and take no memory of it.
pub fn per_idle_connection<S: Sockets>(
    count: usize,
    resident: impl Fn() -> Option<f64>,
) -> Option<f64> {
    let (listener, addr) = listen(count);
    let clients = connect(addr, count);
    let added = S::run(async {
        let before = resident()?;
        for stream in S::accept(listener, count).await {
            S::spawn_echo(stream);
        }
        S::yield_now().await;
        // A task that is spawned now is polled after all the others.
        S::spawn(async {}).await.expect("the task returns");
        Some(resident()? - before)
    });
    drop(clients);
    Some(added? / count as f64)
}

fn listen(connections: usize) -> (TcpListener, SocketAddr) {
    raise_descriptor_limit(2 * connections as u64 + 64);
    // std's listener lets 128 connections wait. A client that comes when the
    // queue is full tries again after a second, and that is a second for each.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(&loopback.into()).expect("a port on loopback");
    socket.listen(4096).expect("a listener");
    let listener = TcpListener::from(socket);
    let addr = listener.local_addr().expect("a listener has an address");
    (listener, addr)
}

/// Both ends of every connection are in this process.
#[cfg(unix)]
fn raise_descriptor_limit(needed: u64) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = Some(needed);
        setrlimit(Resource::Nofile, limit).expect("the hard limit of open files is high enough");
    }
}

#[cfg(not(unix))]
fn raise_descriptor_limit(_: u64) {}

fn connect(addr: SocketAddr, count: usize) -> Vec<TcpStream> {
    let connect = |_| {
        let stream = TcpStream::connect(addr).expect("the server accepts");
        stream.set_nodelay(true).expect("an option");
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .expect("an option");
        stream
    };
    (0..count).map(connect).collect()
}

/// The first round; gives the length of an answer.
fn first_answers(clients: &mut [TcpStream], request: &[u8]) -> usize {
    let mut buffer = [0; ECHO_BUFFER];
    let mut answer = 0;
    for client in clients {
        client.write_all(request).expect("a request goes out");
        answer = client.read(&mut buffer).expect("an answer");
    }
    answer
}

fn ask(clients: &mut [TcpStream], request: &[u8], answer: usize) {
    let mut buffer = [0; ECHO_BUFFER];
    for client in clients.iter_mut() {
        client.write_all(request).expect("a request goes out");
    }
    for client in clients {
        client.read_exact(&mut buffer[..answer]).expect("an answer");
    }
}
