//! A web framework on this loop: axum's router, hyper's HTTP, and `run`.
//! It asks itself, so that it ends.

use axum::{Router, extract::Path, routing::get};
use executor::hyper::{Io, Timer};
use executor::net::{self, TcpListener, TcpStream};
use executor::{current_task, gather, now, run, sleep, spawn_named};
use futures::{AsyncReadExt, AsyncWriteExt};
use hyper::{server::conn::http1, service::service_fn};
use std::{io, net::SocketAddr, time::Duration};
use tower_service::Service;

async fn hello(Path(name): Path<String>) -> String {
    sleep(Duration::from_millis(200)).await;
    let task = current_task().map_or("no task".into(), |task| task.name());
    format!("Hello, {name}! Yours, {task}")
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    let router = Router::new().route("/hello/{name}", get(hello));
    let handler = async move |stream: TcpStream, _peer| {
        let service = service_fn(|request| router.clone().call(request));
        let mut http = http1::Builder::new();
        http.timer(Timer::new()); // a client that never ends its request is sent away
        http.serve_connection(Io::new(stream), service).await
    };
    net::serve(listener, handler).await.map(drop)
}

/// Asks as any client would, and gives the body of the answer.
async fn ask(addr: SocketAddr, name: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    let request =
        format!("GET /hello/{name} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let body = answer.split_once("\r\n\r\n").map(|(_head, body)| body);
    body.map(str::to_owned)
        .ok_or_else(|| io::Error::other(format!("not an answer: {answer:?}")))
}

async fn program() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let server = spawn_named("server", serve(listener)).cancel_on_drop();
    let start = now();
    for answer in gather(["Ada", "Alan", "Grace"].map(|name| ask(addr, name))).await {
        println!("{}", answer?);
    }
    println!("three answers in {} ms", (now() - start).as_millis());
    drop(server); // cancels it
    Ok(())
}

fn main() -> io::Result<()> {
    run(program())
}
