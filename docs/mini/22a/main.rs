use std::io::{self, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "model"))]
mod model;

use mini::{Lines, TcpStream, next, run};

const TEXT: &str = "one\ntwo\nü is two bytes\nlast, without an end";

/// A server on a thread of its own, which sends a text in pieces.
fn send_in_pieces(listener: TcpListener, pieces: Vec<&'static [u8]>) -> io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    for piece in pieces {
        stream.write_all(piece)?;
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    // The third piece begins in the middle of the letter ü.
    let bytes = TEXT.as_bytes();
    let pieces = vec![&bytes[..2], &bytes[2..9], &bytes[9..30], &bytes[30..]];
    let server = thread::spawn(move || send_in_pieces(listener, pieces));
    run(async {
        let stream = TcpStream::connect(address).await?;
        let mut lines = Lines::new(&stream);
        while let Some(line) = next(&mut lines).await {
            println!("{:?}", line?);
        }
        Ok::<(), io::Error>(())
    })?;
    server.join().expect("the server does not panic")
}
