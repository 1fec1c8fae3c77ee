#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "model"))]
mod model;

use std::net::SocketAddr;
use std::process::Command;
use std::time::Instant;
use std::{env, io};

use mini::{TcpListener, TcpStream, gather, run, spawn, to_thread};

/// Sends back what arrives, until the client closes.
async fn echo(stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            n => stream.write_all(&buffer[..n]).await?,
        }
    }
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        spawn(echo(stream));
    }
}

/// Sends a text, and reads until as much has come back.
async fn client(address: SocketAddr, number: usize) -> io::Result<bool> {
    let stream = TcpStream::connect(address).await?;
    let text = format!("I am client {number}");
    stream.write_all(text.as_bytes()).await?;
    let (mut answer, mut filled) = (vec![0; text.len()], 0);
    while filled < answer.len() {
        match stream.read(&mut answer[filled..]).await? {
            0 => return Ok(false), // closed too early
            n => filled += n,
        }
    }
    Ok(answer == text.as_bytes())
}

/// The other process: all clients at once.
async fn clients(number: usize, address: SocketAddr) {
    let start = Instant::now();
    let answers = gather((0..number).map(|n| client(address, n))).await;
    let served = answers.iter().filter(|answer| matches!(answer, Ok(true)));
    let (served, time) = (served.count(), start.elapsed().as_millis());
    println!("{served} of {number} clients served in {time} ms");
}

/// The server. Starts this program again as its clients.
async fn server(number: &str) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut clients = Command::new(env::current_exe()?);
    clients.args([number, &listener.local_addr()?.to_string()]);
    spawn(serve(listener));
    to_thread(move || clients.status()).await?;
    Ok(())
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [number, address] => run(clients(number.parse().unwrap(), address.parse().unwrap())),
        [number] => run(server(number))?,
        _ => run(server("1000"))?,
    }
    Ok(())
}
