//! A chat server: sends the lines of each client to all others.
//!
//! `cargo run --release -p executor --example chat [ADDRESS]`, then `nc 127.0.0.1 7008` in
//! several terminals. One thread and one loop, so the list of clients is a
//! plain `RefCell`: no lock, no channel, no `Arc`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::rc::Rc;

use executor::net::{TcpListener, TcpStream, serve};
use futures::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

type Clients = Rc<RefCell<BTreeMap<SocketAddr, Rc<TcpStream>>>>;

/// Sends a text to all clients but its sender. An error is left to the task that
/// reads from the client.
async fn broadcast(clients: &Clients, sender: SocketAddr, text: &str) {
    // A copy of the list, which may change while this waits.
    let receivers: Vec<_> = clients
        .borrow()
        .iter()
        .map(|(a, s)| (*a, s.clone()))
        .collect();
    for (address, stream) in receivers {
        if address != sender {
            let _ = (&*stream).write_all(text.as_bytes()).await;
        }
    }
}

async fn read_lines(clients: &Clients, peer: SocketAddr, stream: Rc<TcpStream>) -> io::Result<()> {
    broadcast(clients, peer, &format!("* {peer} is here\n")).await;
    let mut lines = BufReader::new(&*stream);
    let mut line = String::new();
    while lines.read_line(&mut line).await? > 0 {
        broadcast(clients, peer, &format!("{peer}: {}\n", line.trim_end())).await;
        line.clear();
    }
    Ok(())
}

async fn chat(address: &str) -> io::Result<()> {
    let clients = Clients::default();
    let listener = TcpListener::bind(address).await?;
    executor::println!("listening on {}; Ctrl-C stops", listener.local_addr()?);
    let server = serve(listener, async move |stream, peer| {
        let stream = Rc::new(stream);
        clients.borrow_mut().insert(peer, stream.clone());
        let result = read_lines(&clients, peer, stream).await;
        clients.borrow_mut().remove(&peer);
        broadcast(&clients, peer, &format!("* {peer} has left\n")).await;
        result
    });
    server.await?;
    Ok(())
}

fn main() -> ExitCode {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:7008".into());
    if address == "--help" {
        executor::println!("usage: chat [ADDRESS]");
        return ExitCode::SUCCESS;
    }
    if address.starts_with('-') {
        eprintln!("usage: chat [ADDRESS]");
        return ExitCode::from(2);
    }
    match executor::run(chat(&address)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat: {error}\nusage: chat [ADDRESS]");
            ExitCode::FAILURE
        }
    }
}
