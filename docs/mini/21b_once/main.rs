#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;

use mini::{TcpListener, TcpStream, run, spawn};

const SIZE: usize = 8 * 1024 * 1024;

/// Sends one big message to the first client, and closes the connection.
async fn send(listener: TcpListener) -> io::Result<()> {
    let (stream, _) = listener.accept().await?;
    let message = vec![0; SIZE];
    stream.write_all(&message).await
}

/// Counts the bytes that arrive until the sender closes.
async fn receive(address: SocketAddr) -> io::Result<usize> {
    let stream = TcpStream::connect(address).await?;
    let (mut buffer, mut received) = (vec![0; 64 * 1024], 0);
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(received),
            n => received += n,
        }
    }
}

async fn program() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let sender = spawn(send(listener));
    let received = receive(address).await?;
    sender.await.unwrap()?;
    println!("{received} of {SIZE} bytes arrived");
    Ok(())
}

fn main() -> io::Result<()> {
    run(program())
}
