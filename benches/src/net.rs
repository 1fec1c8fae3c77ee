//! A server on any runtime, and a load that comes from another thread.
//!
//! The server runs where the row runs, so its processor time can be told from
//! the client's. The client is plain blocking sockets of std's: no runtime, and
//! the same for all. It writes a request on every connection and then reads
//! every answer; so with many connections the server finds many ready at once,
//! and with one it is asked, answers and waits.

pub mod by_hand;
pub(crate) mod client;
pub(crate) mod servers;

use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::channel::oneshot;

use crate::clock::{CpuWatch, Stopwatch};
use crate::leaf::poll_spawned;
use crate::side::Side;
use client::Tokens;
pub(crate) use client::{listen, raise_descriptor_limit};

/// How much a server reads at once.
pub(crate) const BUFFER: usize = 1024;

/// A runtime with sockets.
///
/// Reading and writing take the buffer and give it back, because a runtime on
/// io_uring must own it meanwhile. Where a borrowed buffer would do, moving a
/// `Vec` in and out costs nothing that can be measured.
///
/// The servers are written once, in a macro, and compiled for each runtime: a
/// generic function could not give tokio futures that are `Send` and take
/// others that are not.
pub trait Sockets: Side {
    /// A listener.
    type Listener;
    /// A connection.
    type Stream;

    /// A listener on loopback that lets so many connections wait.
    fn listen(connections: usize) -> (Self::Listener, SocketAddr);

    /// Accepts a connection and switches Nagle's algorithm off.
    fn accept(listener: &Self::Listener) -> impl Future<Output = Self::Stream>;

    /// Reads what is there into the buffer; how much that was, 0 at the end.
    fn read(stream: &mut Self::Stream, buffer: Vec<u8>) -> impl Future<Output = (usize, Vec<u8>)>;

    /// Writes that many bytes, from the buffer's start.
    fn write(
        stream: &mut Self::Stream,
        bytes: Vec<u8>,
        count: usize,
    ) -> impl Future<Output = Vec<u8>>;

    /// Spawns a task that sends back what it reads, until the end, which it
    /// tells by dropping the sender.
    fn spawn_echo(stream: Self::Stream, ended: UnboundedSender<u64>);

    /// Spawns hyper's server, which says hello to every request. The end as
    /// above.
    fn spawn_hello(stream: Self::Stream, ended: UnboundedSender<u64>);

    /// Spawns a task that reads a stream of tokens and, at its end, tells how
    /// many there were.
    fn spawn_reader(stream: Self::Stream, count: UnboundedSender<u64>);
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
/// each of them.
///
/// Connecting, and the first round, are not in the time.
pub fn asked<S: Sockets>(
    connections: usize,
    rounds: u64,
    request: &'static [u8],
    spawn: fn(S::Stream, UnboundedSender<u64>),
) -> Took {
    raise_descriptor_limit(connections);
    S::run(async {
        let (listener, addr) = S::listen(connections);
        let (warm, is_warm) = oneshot::channel();
        let (finish, finished) = oneshot::channel();
        let (begin, may_begin) = mpsc::channel();
        let client = client::ask_in_rounds(
            (addr, connections, rounds, request),
            move || warm.send(()).expect("the server waits"),
            may_begin,
            move |wall| finish.send(wall).expect("the server waits"),
        );
        let (ended, mut all_ended) = unbounded();
        for _ in 0..connections {
            spawn(S::accept(&listener).await, ended.clone());
        }
        drop(ended);
        is_warm.await.expect("the client is there");
        let watch = CpuWatch::start();
        begin.send(()).expect("the client waits");
        let wall = finished.await.expect("the client comes to its end");
        let cpu = watch.stop();
        drop(client.join().expect("the client does not panic"));
        // The servers see that the clients are gone. Not every runtime closes
        // the sockets of tasks that have not ended when it does.
        while all_ended.next().await.is_some() {}
        Took { wall, cpu }
    })
}

/// Reads so many streams of tokens, which a thread writes: a token on each
/// stream, again and again.
pub fn streamed<S: Sockets>(streams: usize, tokens: u64) -> Took {
    raise_descriptor_limit(streams);
    S::run(async {
        let (listener, addr) = S::listen(streams);
        let (warm, is_warm) = oneshot::channel();
        let (begin, may_begin) = mpsc::channel();
        let writer = client::write_tokens(
            (addr, streams, tokens),
            move || warm.send(()).expect("the reader waits"),
            may_begin,
        );
        let (count, mut counts) = unbounded();
        for _ in 0..streams {
            S::spawn_reader(S::accept(&listener).await, count.clone());
        }
        is_warm.await.expect("the writer is there");
        let (wall, cpu) = (Stopwatch::start(), CpuWatch::start());
        begin.send(()).expect("the writer waits");
        let mut read = 0;
        for _ in 0..streams {
            read += counts.next().await.expect("a reader comes to its end");
        }
        let took = Took {
            cpu: cpu.stop(),
            wall: wall.stop(),
        };
        assert_eq!(read, streams as u64 * tokens, "every token arrives");
        drop(writer.join().expect("the writer does not panic"));
        took
    })
}

/// The server reads what a thread writes, block after block.
pub fn received<S: Sockets>(block: usize, times: u64) -> Took {
    S::run(async {
        let (listener, addr) = S::listen(1);
        let writer = client::write_blocks(addr, block, times + 1);
        let mut stream = S::accept(&listener).await;
        let (first, mut buffer) = S::read(&mut stream, vec![0; block]).await;
        let (wall, cpu) = (Stopwatch::start(), CpuWatch::start());
        let mut left = (block as u64 * (times + 1)).saturating_sub(first as u64);
        let last_block = left.saturating_sub(block as u64 * times);
        while left > last_block {
            let (count, back) = S::read(&mut stream, buffer).await;
            assert_ne!(count, 0, "the writer is not done");
            left -= count as u64;
            buffer = back;
        }
        let took = Took {
            cpu: cpu.stop(),
            wall: wall.stop(),
        };
        // What is left, so that the writer comes to its end.
        while left > 0 {
            let (count, back) = S::read(&mut stream, buffer).await;
            assert_ne!(count, 0, "the writer is not done");
            left -= count as u64;
            buffer = back;
        }
        drop(writer.join().expect("the writer does not panic"));
        took
    })
}

/// The server writes what a thread reads, block after block.
pub fn sent<S: Sockets>(block: usize, times: u64) -> Took {
    S::run(async {
        let (listener, addr) = S::listen(1);
        let reader = client::read_blocks(addr, block, times);
        let mut stream = S::accept(&listener).await;
        let mut bytes = vec![7; block];
        let (wall, cpu) = (Stopwatch::start(), CpuWatch::start());
        for _ in 0..times {
            bytes = S::write(&mut stream, bytes, block).await;
        }
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
    raise_descriptor_limit(count);
    let (added, clients) = S::run(async {
        let (listener, addr) = S::listen(count);
        let clients = std::thread::spawn(move || client::connect(addr, count));
        let before = resident()?;
        let (ended, _all_ended) = unbounded();
        for _ in 0..count {
            S::spawn_echo(S::accept(&listener).await, ended.clone());
        }
        poll_spawned::<S>().await;
        let clients = clients.join().expect("all can connect");
        Some((resident()? - before, clients))
    })?;
    drop(clients);
    Some(added / count as f64)
}

/// Feeds a reader of tokens until it has seen them all. For the servers' macro.
pub(crate) struct Reading {
    tokens: Tokens,
}

impl Reading {
    pub(crate) fn new() -> Self {
        Reading {
            tokens: Tokens::default(),
        }
    }

    /// Takes what was read; whether the stream goes on.
    pub(crate) fn goes_on(&mut self, bytes: &[u8]) -> bool {
        self.tokens.feed(bytes);
        !bytes.is_empty() && !self.tokens.are_all()
    }

    pub(crate) fn count(&self) -> u64 {
        self.tokens.count()
    }
}
