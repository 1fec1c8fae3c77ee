use std::net::SocketAddr;
use std::process::Command;
use std::{env, io};

#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "model"))]
mod model;

use mini::{TcpListener, TcpStream, gather, run, spawn, to_thread};

const CLIENTS: usize = 1000;

/// Sends back what comes, until the client closes.
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

/// Sends a text and reads until all of it has come back.
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

/// The program, started again as the clients: it has descriptors of its own.
fn start_clients(address: SocketAddr) -> io::Result<()> {
    let program = env::current_exe()?;
    let status = Command::new(program).arg(address.to_string()).status()?;
    if !status.success() {
        return Err(io::Error::other("the clients failed"));
    }
    Ok(())
}

fn main() -> io::Result<()> {
    if let Some(address) = env::args().nth(1) {
        let address: SocketAddr = address.parse().map_err(io::Error::other)?;
        let answers = run(gather((0..CLIENTS).map(|number| client(address, number))));
        let served = answers.into_iter().filter(|it| matches!(it, Ok(true)));
        println!("{} of {CLIENTS} clients were served", served.count());
        return Ok(());
    }
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        spawn(serve(listener));
        to_thread(move || start_clients(address)).await
    })
}
