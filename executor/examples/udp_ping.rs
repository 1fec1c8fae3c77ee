//! Measures the round-trip time of a datagram.
//!
//! `cargo run --release -p executor --example udp_ping [COUNT]`: a server and a client on
//! one loop, so each round trip is two sends, two checks of the poller and two
//! polls. A reply that does not arrive within a second counts as lost.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use executor::net::UdpSocket;
use executor::{interval, now, race, timeout};

async fn answer(server: &UdpSocket) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        let (length, client) = server.recv_from(&mut buffer).await?;
        server.send_to(&buffer[..length], client).await?;
    }
}

async fn ask(client: &UdpSocket, count: u32) -> io::Result<()> {
    let mut pace = interval(Duration::from_millis(100));
    let mut buffer = [0; 64];
    for number in 1..=count {
        pace.tick().await;
        let sent = now();
        client.send(&number.to_be_bytes()).await?;
        match timeout(Duration::from_secs(1), client.recv(&mut buffer)).await {
            Ok(received) => {
                received?;
                executor::println!("ping {number}: {:?}", now() - sent);
            }
            Err(elapsed) => executor::println!("ping {number}: {elapsed}"),
        }
    }
    Ok(())
}

async fn ping(count: u32) -> io::Result<()> {
    let server = UdpSocket::bind("127.0.0.1:0").await?;
    let client = UdpSocket::bind("127.0.0.1:0").await?;
    client.connect(server.local_addr()?).await?;
    // The server never ends by itself; it is dropped when the client is done.
    let (_, result) = race((ask(&client, count), answer(&server))).await;
    result
}

fn main() -> ExitCode {
    let count = std::env::args().nth(1).map_or(Ok(5), |text| text.parse());
    let Ok(count) = count else {
        eprintln!("usage: udp_ping [COUNT]");
        return ExitCode::from(2);
    };
    match executor::run(ping(count)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("udp_ping: {error}");
            ExitCode::FAILURE
        }
    }
}
