//! The floors of the socket rows: the same servers on mio's poller or on
//! blocking sockets, with no runtime, no task and no waker.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};

use super::client::{self, Tokens};
use super::{BUFFER, Took};
use crate::clock::{CpuWatch, Stopwatch};

const UNPARK: Token = Token(usize::MAX);

/// What [`asked`](super::asked) does. Without an answer it sends back what it
/// reads; with one it gives that for every read that ends a request's head.
pub fn asked(
    connections: usize,
    rounds: u64,
    request: &'static [u8],
    answer: Option<&'static [u8]>,
) -> Took {
    let mut poll = Poll::new().expect("a poller");
    let unparker = Arc::new(Waker::new(poll.registry(), UNPARK).expect("a waker"));
    let (listener, addr) = client::listen(connections);
    let (begin, may_begin) = mpsc::channel();
    let (finish, finished) = mpsc::channel();
    // One clone stays on this thread: dropping the last one closes it.
    let (warm, done) = (Arc::clone(&unparker), Arc::clone(&unparker));
    let client = client::ask_in_rounds(
        (addr, connections, rounds, request),
        move || warm.wake().expect("an open poller"),
        may_begin,
        move |wall| {
            finish.send(wall).expect("the server waits");
            done.wake().expect("an open poller");
        },
    );
    let mut streams = accept(&poll, &listener, connections);
    let reply = |stream: &mut TcpStream, bytes: &[u8]| match answer {
        Some(answer) if bytes.ends_with(b"\r\n\r\n") => write(stream, answer),
        Some(_) => {}
        None => write(stream, bytes),
    };
    until_unparked(&mut poll, &mut streams, |_, stream, bytes| {
        reply(stream, bytes)
    });
    let watch = CpuWatch::start();
    begin.send(()).expect("the client waits");
    until_unparked(&mut poll, &mut streams, |_, stream, bytes| {
        reply(stream, bytes)
    });
    let cpu = watch.stop();
    let wall = finished.recv().expect("the client has finished");
    drop(client.join().expect("the client does not panic"));
    drop(unparker);
    Took { wall, cpu }
}

/// What [`streamed`](super::streamed) does.
pub fn streamed(streams: usize, tokens: u64) -> Took {
    let mut poll = Poll::new().expect("a poller");
    let unparker = Arc::new(Waker::new(poll.registry(), UNPARK).expect("a waker"));
    let warm = Arc::clone(&unparker);
    let (listener, addr) = client::listen(streams);
    let (begin, may_begin) = mpsc::channel();
    let writer = client::write_tokens(
        (addr, streams, tokens),
        move || warm.wake().expect("an open poller"),
        may_begin,
    );
    let mut readers: Vec<_> = (0..streams).map(|_| Tokens::default()).collect();
    let mut sockets = accept(&poll, &listener, streams);
    until_unparked(&mut poll, &mut sockets, |at, _, bytes| {
        readers[at].feed(bytes)
    });
    let (wall, cpu) = (Stopwatch::start(), CpuWatch::start());
    begin.send(()).expect("the writer waits");
    let mut left = streams;
    while left > 0 {
        turn(&mut poll, &mut sockets, &mut |at, _, bytes| {
            readers[at].feed(bytes);
            left -= usize::from(readers[at].are_all());
        });
    }
    let took = Took {
        cpu: cpu.stop(),
        wall: wall.stop(),
    };
    drop(writer.join().expect("the writer does not panic"));
    drop(unparker);
    took
}

/// What [`received`](super::received) does, on a blocking socket.
pub fn received(block: usize, times: u64) -> Took {
    let (listener, addr) = client::listen(1);
    let writer = client::write_blocks(addr, block, times + 1);
    let (mut stream, _peer) = listener.accept().expect("a connection");
    let mut buffer = vec![0; block];
    let mut read = |most: u64| {
        let mut left = most;
        while left > 0 {
            let room = block.min(left as usize);
            left -= stream.read(&mut buffer[..room]).expect("a block") as u64;
        }
    };
    read(1);
    let (wall, cpu) = (Stopwatch::start(), CpuWatch::start());
    read(block as u64 * times);
    let took = Took {
        cpu: cpu.stop(),
        wall: wall.stop(),
    };
    read(block as u64 - 1);
    drop(writer.join().expect("the writer does not panic"));
    took
}

/// What [`sent`](super::sent) does, on a blocking socket.
pub fn sent(block: usize, times: u64) -> Took {
    let (listener, addr) = client::listen(1);
    let reader = client::read_blocks(addr, block, times);
    let (mut stream, _peer) = listener.accept().expect("a connection");
    let bytes = vec![7; block];
    let (wall, cpu) = (Stopwatch::start(), CpuWatch::start());
    for _ in 0..times {
        stream.write_all(&bytes).expect("a block goes out");
    }
    let took = Took {
        cpu: cpu.stop(),
        wall: wall.stop(),
    };
    drop(reader.join().expect("the reader does not panic"));
    took
}

fn accept(poll: &Poll, listener: &TcpListener, count: usize) -> Vec<TcpStream> {
    let accept = |at| {
        let (stream, _peer) = listener.accept().expect("a connection");
        stream.set_nonblocking(true).expect("an option");
        stream.set_nodelay(true).expect("an option");
        let mut stream = TcpStream::from_std(stream);
        poll.registry()
            .register(&mut stream, Token(at), Interest::READABLE)
            .expect("a socket can be polled");
        stream
    };
    (0..count).map(accept).collect()
}

fn until_unparked(
    poll: &mut Poll,
    streams: &mut [TcpStream],
    mut on_bytes: impl FnMut(usize, &mut TcpStream, &[u8]),
) {
    while !turn(poll, streams, &mut on_bytes) {}
}

/// Waits once and hands on what can be read. Returns whether it was unparked.
fn turn(
    poll: &mut Poll,
    streams: &mut [TcpStream],
    on_bytes: &mut impl FnMut(usize, &mut TcpStream, &[u8]),
) -> bool {
    thread_local! {
        static EVENTS: std::cell::RefCell<Events> = std::cell::RefCell::new(Events::with_capacity(1024));
    }
    EVENTS.with_borrow_mut(|events| {
        match poll.poll(events, Some(Duration::from_secs(60))) {
            // A signal; or io_uring, for a runtime that ran on this thread before.
            Err(error) if error.kind() == ErrorKind::Interrupted => return false,
            result => result.expect("a poller polls"),
        }
        let mut is_unparked = false;
        for event in events.iter() {
            match event.token() {
                UNPARK => is_unparked = true,
                Token(at) => read_all(at, &mut streams[at], on_bytes),
            }
        }
        is_unparked
    })
}

/// Reads until a read comes back short: then there is no more, or another event
/// will tell.
fn read_all(
    at: usize,
    stream: &mut TcpStream,
    on_bytes: &mut impl FnMut(usize, &mut TcpStream, &[u8]),
) {
    let mut buffer = [0; BUFFER];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                on_bytes(at, stream, &buffer[..count]);
                if count < BUFFER {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("a connection broke: {error}"),
        }
    }
}

/// Answers are short and the client reads each: there is always room.
fn write(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).expect("an answer goes out");
}
