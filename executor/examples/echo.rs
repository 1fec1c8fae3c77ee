//! A TCP echo server that shuts down gracefully on Ctrl-C.
//!
//! `cargo run --release -p executor --example echo [ADDRESS] [--loops N]`, then in another
//! terminal `nc 127.0.0.1 7007`. With `--loops N` it runs N loops, each on a
//! thread and with a listener of its own on the same port: the kernel
//! distributes the connections among them, and so over N cores.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use executor::net::{TcpListener, TcpStream, serve};
use futures::io::{AsyncWriteExt, copy};

async fn echo(stream: TcpStream, _peer: SocketAddr) -> io::Result<()> {
    copy(&stream, &mut &stream).await?;
    (&stream).close().await
}

async fn run_server(address: String, shared: bool) -> io::Result<()> {
    let listener = match shared {
        true => TcpListener::bind_shared(&address).await?,
        false => TcpListener::bind(&address).await?,
    };
    executor::println!("listening on {}; Ctrl-C stops", listener.local_addr()?);
    let server = serve(listener, echo).grace(Duration::from_secs(5));
    let stop = async {
        executor::signal::ctrl_c()
            .await
            .expect("Ctrl-C can be waited for")
    };
    let served = server.until(stop).await?;
    executor::println!(
        "served {} connections, {} of them cut off",
        served.connections,
        served.cancelled
    );
    Ok(())
}

fn main() -> ExitCode {
    let mut address = "127.0.0.1:7007".to_owned();
    let mut loops = 1;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--loops" => match args.next().and_then(|n| n.parse().ok()) {
                Some(n) if n > 0 => loops = n,
                _ => return usage("--loops needs a number of at least 1"),
            },
            "--help" | "-h" => return usage(""),
            option if option.starts_with('-') => return usage("unknown option"),
            _ => address = arg,
        }
    }
    let servers: Vec<_> = (0..loops)
        .map(|_| {
            std::thread::spawn({
                let address = address.clone();
                move || executor::run(run_server(address, loops > 1))
            })
        })
        .collect();
    let results = servers
        .into_iter()
        .map(|server| server.join().expect("no server panics"));
    match results.collect::<io::Result<Vec<()>>>() {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage(complaint: &str) -> ExitCode {
    let usage = "usage: echo [ADDRESS] [--loops N]";
    if complaint.is_empty() {
        executor::println!("{usage}");
        return ExitCode::SUCCESS;
    }
    eprintln!("echo: {complaint}\n{usage}");
    ExitCode::from(2)
}
