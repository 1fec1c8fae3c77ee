#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use mini::{Lines, TcpListener, TcpStream, next, run, sleep, spawn};

const TEXT: &str = "one\ntwo\nü is two bytes\nlast, without an end";

/// Sends the text in four pieces to the first client.
async fn send_in_pieces(listener: TcpListener) -> io::Result<()> {
    let (stream, _) = listener.accept().await?;
    let bytes = TEXT.as_bytes();
    // The third piece begins in the middle of the letter ü.
    for piece in [&bytes[..2], &bytes[2..9], &bytes[9..30], &bytes[30..]] {
        stream.write_all(piece).await?;
        sleep(Duration::from_millis(10)).await; // each one is read alone
    }
    Ok(())
}

async fn program() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    spawn(send_in_pieces(listener));
    let stream = TcpStream::connect(address).await?;
    let mut lines = Lines::new(&stream);
    while let Some(line) = next(&mut lines).await {
        match line {
            Ok(line) => println!("{line:?}"),
            Err(error) => println!("not text: {error}"),
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    run(program())
}
