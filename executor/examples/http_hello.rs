//! An HTTP server: an axum `Router` on one thread and this loop, without another
//! runtime.
//!
//! ```text
//! cargo run --release -p executor --features hyper --example http_hello -- --addr 127.0.0.1:8080
//! curl http://127.0.0.1:8080/hello/world
//! ```
//!
//! axum requires handlers to be `Send`. This loop's timers are; an `Rc` is not, so
//! `SendWrapper` holds it, which checks the thread at run time instead.

use std::{cell::Cell, env, io, process, rc::Rc};

use axum::{Router, extract::Path, routing::get};
use executor::hyper::{Io, Timer};
use executor::net::{TcpListener, TcpStream, serve};
use hyper::{server::conn::http1, service::service_fn};
use send_wrapper::SendWrapper;
use tower_service::Service;

const HELP: &str = "Serves /, /hello/{name} and /visits over HTTP until Ctrl-C.\n\n\
    Usage: http_hello [--addr HOST:PORT]    (127.0.0.1:8080 if not given; port 0: any)";

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let addr = match words[..] {
        [] => "127.0.0.1:8080",
        ["--addr", addr] => addr,
        ["--help" | "-h"] => return println!("{HELP}"),
        _ => end(2, HELP),
    };
    if let Err(error) = executor::run(serve_until_ctrl_c(addr)) {
        end(1, &format!("http_hello: {error}"));
    }
}

fn end(code: i32, why: &str) -> ! {
    eprintln!("{why}");
    process::exit(code)
}

async fn serve_until_ctrl_c(addr: &str) -> io::Result<()> {
    let hello = async |Path(name): Path<String>| format!("Hello, {name}!\n");
    let visits = SendWrapper::new(Rc::new(Cell::new(0)));
    let count = async move || {
        visits.set(visits.get() + 1);
        format!("{} visits\n", visits.get())
    };
    let router = Router::new()
        .route("/", get("Hello, world!\n"))
        .route("/hello/{name}", get(hello))
        .route("/visits", get(count));

    let listener = TcpListener::bind(addr).await?;
    executor::println!("Listening on http://{}", listener.local_addr()?);
    let server = serve(listener, async move |stream: TcpStream, _peer| {
        let service = service_fn(|request| router.clone().call(request));
        let mut http = http1::Builder::new();
        http.timer(Timer::new()); // a slow request head times out
        http.serve_connection(Io::new(stream), service).await
    });
    executor::race((async { server.await.map(drop) }, executor::signal::ctrl_c()))
        .await
        .1
}
