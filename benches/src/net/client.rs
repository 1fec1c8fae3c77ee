//! The other end of every connection: plain threads and blocking sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::BUFFER;
use crate::clock::Stopwatch;

/// The head of an answer that streams, as a server of tokens sends it.
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
    transfer-encoding: chunked\r\n\r\n";
/// One token: a chunk with one event in it.
const TOKEN: &[u8] =
    b"3e\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"token \"}}]}\n\n\r\n";
/// The last event, and the end of the chunks.
const DONE: &[u8] = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";

/// A listener on loopback with a queue for thousands.
pub(crate) fn listen(connections: usize) -> (TcpListener, SocketAddr) {
    raise_descriptor_limit(connections);
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
pub(crate) fn raise_descriptor_limit(connections: usize) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let needed = 2 * connections as u64 + 64;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = Some(needed);
        setrlimit(Resource::Nofile, limit).expect("the hard limit of open files is high enough");
    }
}

#[cfg(not(unix))]
pub(crate) fn raise_descriptor_limit(_: usize) {}

pub(crate) fn connect(addr: SocketAddr, count: usize) -> Vec<TcpStream> {
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

/// Asks once on each connection, then, when it may begin, so many times more.
pub(crate) fn ask_in_rounds(
    (addr, connections, rounds, request): (SocketAddr, usize, u64, &'static [u8]),
    warm: impl FnOnce() + Send + 'static,
    may_begin: Receiver<()>,
    finish: impl FnOnce(Duration) + Send + 'static,
) -> JoinHandle<Vec<TcpStream>> {
    thread::spawn(move || {
        let mut clients = connect(addr, connections);
        let answer = first_answers(&mut clients, request);
        warm();
        may_begin.recv().expect("the server goes on");
        let watch = Stopwatch::start();
        for _ in 0..rounds {
            ask(&mut clients, request, answer);
        }
        finish(watch.stop());
        clients
    })
}

/// The first round; gives the length of an answer.
fn first_answers(clients: &mut [TcpStream], request: &[u8]) -> usize {
    let mut buffer = [0; BUFFER];
    let mut answer = 0;
    for client in clients {
        client.write_all(request).expect("a request goes out");
        answer = client.read(&mut buffer).expect("an answer");
    }
    answer
}

fn ask(clients: &mut [TcpStream], request: &[u8], answer: usize) {
    let mut buffer = [0; BUFFER];
    for client in clients.iter_mut() {
        client.write_all(request).expect("a request goes out");
    }
    for client in clients {
        client.read_exact(&mut buffer[..answer]).expect("an answer");
    }
}

/// Writes the head of an answer on each connection, then, when it may begin, so
/// many tokens on each, one connection after the other.
pub(crate) fn write_tokens(
    (addr, streams, tokens): (SocketAddr, usize, u64),
    warm: impl FnOnce() + Send + 'static,
    may_begin: Receiver<()>,
) -> JoinHandle<Vec<TcpStream>> {
    thread::spawn(move || {
        let mut clients = connect(addr, streams);
        write_each(&mut clients, HEAD);
        warm();
        may_begin.recv().expect("the reader goes on");
        for _ in 0..tokens {
            write_each(&mut clients, TOKEN);
        }
        write_each(&mut clients, DONE);
        clients
    })
}

fn write_each(clients: &mut [TcpStream], bytes: &[u8]) {
    for client in clients {
        client.write_all(bytes).expect("the reader reads");
    }
}

/// Writes so many blocks.
pub(crate) fn write_blocks(addr: SocketAddr, block: usize, times: u64) -> JoinHandle<TcpStream> {
    thread::spawn(move || {
        let mut client = connect(addr, 1).remove(0);
        let block = vec![7; block];
        for _ in 0..times {
            client.write_all(&block).expect("a block goes out");
        }
        client
    })
}

/// Reads so many blocks.
pub(crate) fn read_blocks(addr: SocketAddr, block: usize, times: u64) -> JoinHandle<TcpStream> {
    thread::spawn(move || {
        let mut client = connect(addr, 1).remove(0);
        let mut buffer = vec![0; block];
        let mut left = block as u64 * times;
        while left > 0 {
            left -= client.read(&mut buffer).expect("a block") as u64; // nothing else is sent
        }
        client
    })
}

/// Takes an answer that streams apart as it comes, byte ranges of any length:
/// head, chunks, lines; counts the events that are tokens. No runtime is in it,
/// so its cost is the same on all.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    part: Part,
    /// The head's or the chunk's line so far, or the event's.
    line: Vec<u8>,
    event: Vec<u8>,
    count: u64,
    are_all: bool,
}

#[derive(Debug, Default)]
enum Part {
    #[default]
    Head,
    ChunkSize,
    Chunk(usize),
    /// The line break after a chunk.
    AfterChunk,
}

impl Tokens {
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.are_all {
            let taken = match self.part {
                Part::Chunk(left) => self.take_data(bytes, left),
                _ => self.take_line(bytes),
            };
            bytes = &bytes[taken..];
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn are_all(&self) -> bool {
        self.are_all
    }

    fn take_line(&mut self, bytes: &[u8]) -> usize {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            self.line.extend_from_slice(bytes);
            return bytes.len();
        };
        self.line.extend_from_slice(&bytes[..end]);
        let line = self.line.trim_ascii_end();
        self.part = match self.part {
            Part::Head if !line.is_empty() => Part::Head,
            Part::Head | Part::AfterChunk => Part::ChunkSize,
            Part::ChunkSize | Part::Chunk(_) => Part::Chunk(chunk_size(line)),
        };
        self.line.clear();
        end + 1
    }

    fn take_data(&mut self, bytes: &[u8], left: usize) -> usize {
        let taken = left.min(bytes.len());
        for byte in &bytes[..taken] {
            if *byte == b'\n' {
                self.end_line();
            } else {
                self.event.push(*byte);
            }
        }
        self.part = match left - taken {
            0 => Part::AfterChunk,
            left => Part::Chunk(left),
        };
        taken
    }

    fn end_line(&mut self) {
        match self.event.strip_prefix(b"data: ") {
            Some(b"[DONE]") => self.are_all = true,
            Some(_) => self.count += 1,
            None => {}
        }
        self.event.clear();
    }
}

fn chunk_size(line: &[u8]) -> usize {
    let digits = std::str::from_utf8(line).expect("a chunk's size is text");
    usize::from_str_radix(digits, 16).expect("a chunk's size is a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_counted_however_the_bytes_are_cut() {
        let answer = [HEAD, TOKEN, TOKEN, TOKEN, DONE].concat();
        for cut in 1..answer.len() {
            let mut tokens = Tokens::default();
            answer.chunks(cut).for_each(|bytes| tokens.feed(bytes));
            assert_eq!(
                (tokens.count(), tokens.are_all()),
                (3, true),
                "cut at {cut}"
            );
        }
    }
}
