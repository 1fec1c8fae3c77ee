#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::io;
use std::net::TcpStream;
use std::process;
use std::thread;
use std::time::Duration;

use mini::{TcpListener, run, sleep, to_thread};

/// Accepts two clients, which connect before it asks.
async fn program() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let clients = to_thread(move || [1, 2].map(|_| TcpStream::connect(address))).await;
    sleep(Duration::from_millis(10)).await; // the loop learns of both
    for number in 1..=2 {
        let (_stream, peer) = listener.accept().await?;
        println!("client {number} is from {}", peer.ip());
    }
    drop(clients);
    Ok(())
}

/// Ends the process if the loop hangs.
fn watch() {
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(2));
        println!("no other client after 2 s");
        process::exit(1);
    });
}

fn main() -> io::Result<()> {
    watch();
    run(program())
}
