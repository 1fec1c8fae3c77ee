//! Connected TCP streams, bytes to send through them, and refused addresses.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use executor::net::{TcpListener, TcpStream};
use executor::{gather, sleep};
use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const MS: Duration = Duration::from_millis(1);

/// A stream of this runtime, and its other end as a socket of std.
pub(crate) async fn with_raw_peer() -> (TcpStream, std::net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().await.unwrap();
    (ours, theirs)
}

/// Two streams of this runtime, connected with each other.
pub(crate) async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (client, accepted) = gather((TcpStream::connect(addr), listener.accept())).await;
    (client.unwrap(), accepted.unwrap().0)
}

/// Waits until connections to an address are refused. A child process that
/// another test starts shares the listener until it executes its program.
pub(crate) async fn must_be_refused(address: SocketAddr) {
    loop {
        match TcpStream::connect(address).await {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return,
            _ => sleep(MS).await,
        }
    }
}

/// Bytes whose values depend on their position.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    let period: Vec<u8> = (0..251).collect();
    let mut bytes = period.repeat(length.div_ceil(251));
    bytes.truncate(length);
    bytes
}

pub(crate) async fn read_some(mut stream: impl AsyncRead + Unpin, room: usize) -> Vec<u8> {
    let mut buffer = vec![0; room];
    let length = stream.read(&mut buffer).await.expect("the stream reads");
    buffer.truncate(length);
    buffer
}

/// Lets the loop park and check its poller a few times.
pub(crate) async fn let_the_loop_look() {
    for _ in 0..3 {
        sleep(MS).await;
    }
}

/// Pseudo-random numbers from a fixed seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }
}

/// Writes back every byte that it reads, and closes its side at the end.
pub(crate) async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = stream.read(&mut buffer).await.unwrap();
        if length == 0 {
            break;
        }
        stream.write_all(&buffer[..length]).await.unwrap();
    }
    stream.close().await.unwrap();
}
