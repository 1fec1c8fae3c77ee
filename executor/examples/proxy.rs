//! A TCP proxy: forwards each connection to a target, in both directions.
//!
//! `cargo run --release -p executor --example proxy LISTEN TARGET`, for instance
//! `proxy 127.0.0.1:7009 127.0.0.1:7007` in front of `echo`. When one side closes
//! its direction, the proxy closes that direction to the other side, which may
//! still answer (half-close); when both directions are closed, the connection
//! ends.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use executor::net::{TcpListener, TcpStream, serve};
use executor::try_gather;
use futures::io::{AsyncWriteExt, copy};

/// Copies until `from` ends, then closes `to`. Both directions of a connection
/// run at once, on shared references.
async fn forward(from: &TcpStream, to: &TcpStream) -> io::Result<u64> {
    let mut to = to;
    let bytes = copy(from, &mut to).await?;
    to.close().await?;
    Ok(bytes)
}

async fn proxy(listen: &str, target: String) -> io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    executor::println!("{} -> {target}; Ctrl-C stops", listener.local_addr()?);
    let server = serve(
        listener,
        async move |client: TcpStream, peer: SocketAddr| {
            let server = TcpStream::connect(&target).await?;
            let both = (forward(&client, &server), forward(&server, &client));
            let (sent, received) = try_gather(both).await?;
            executor::println!("{peer}: {sent} bytes there, {received} back");
            Ok::<(), io::Error>(())
        },
    );
    server.await?;
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [listen, target] = &args[..] else {
        eprintln!("usage: proxy LISTEN TARGET, as in: proxy 127.0.0.1:7009 127.0.0.1:7007");
        return ExitCode::from(2);
    };
    match executor::run(proxy(listen, target.clone())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("proxy: {error}");
            ExitCode::FAILURE
        }
    }
}
