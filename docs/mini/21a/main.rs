use std::io;
use std::net::TcpStream;
use std::thread;

#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "model"))]
mod model;

use mini::{TcpListener, run};

fn main() -> io::Result<()> {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        // Two clients from outside the loop.
        let clients = thread::spawn(move || [(); 2].map(|()| TcpStream::connect(address)));
        for number in 1..=2 {
            let (_stream, peer) = listener.accept().await?;
            println!("client {number} comes from this machine: {}", peer.ip());
        }
        drop(clients.join());
        Ok(())
    })
}
