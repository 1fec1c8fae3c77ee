//! What chapter 21 promises.

use std::io::{self, ErrorKind};
use std::net;
use std::time::Duration;

use crate::mini::{TcpListener, TcpStream, run, sleep, spawn, timeout, to_thread};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn two_clients_are_accepted_after_one_event() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let _clients = to_thread(move || [1, 2].map(|_| net::TcpStream::connect(address))).await;
        sleep(Duration::from_millis(10)).await;
        for _ in 0..2 {
            let accepted = timeout(LONG, listener.accept()).await;
            assert!(accepted.unwrap().is_ok());
        }
    });
}

async fn receive_all(stream: &TcpStream) -> io::Result<Vec<u8>> {
    let (mut buffer, mut received) = ([0; 4096], Vec::new());
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(received),
            n => received.extend_from_slice(&buffer[..n]),
        }
    }
}

#[test]
fn a_message_greater_than_the_buffers_arrives_whole_and_in_order() {
    let message: Vec<u8> = (0..8_000_000).map(|n| (n % 251) as u8).collect();
    let expected = message.clone();
    let received = run(timeout(LONG, async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            stream.write_all(&message).await.unwrap();
        });
        let stream = TcpStream::connect(address).await?;
        receive_all(&stream).await
    }));
    assert!(received.unwrap().unwrap() == expected);
}

#[test]
fn a_refused_connection_is_an_error() {
    let unused = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    let connected = run(timeout(LONG, TcpStream::connect(address)));
    let error = connected.unwrap().err().map(|error| error.kind());
    assert_eq!(error, Some(ErrorKind::ConnectionRefused));
}
