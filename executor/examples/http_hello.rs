//! An axum `Router`, served on one thread by this loop: no other runtime.
//!
//! ```text
//! cargo run --release --features hyper --example http_hello -- --addr 127.0.0.1:8080
//! curl http://127.0.0.1:8080/hello/world
//! ```
//!
//! axum wants `Send` of its handlers. A sleep of this loop is `Send`; an `Rc`
//! is not, so `SendWrapper` carries it, which checks the thread instead.

use std::cell::Cell;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use executor::hyper::{Io, Timer};
use executor::net::{TcpListener, TcpStream, serve};
use executor::{signal, sleep};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use send_wrapper::SendWrapper;
use tower_service::Service;

const HELP: &str = "Serves /, /hello/{name}, /slow and /visits over HTTP until Ctrl-C.\n\n\
    Usage: http_hello [--addr HOST:PORT]    (127.0.0.1:8080 if not given; port 0: any)";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let addr = match words[..] {
        [] => "127.0.0.1:8080",
        ["--addr", addr] => addr,
        ["--help" | "-h"] => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    if let Err(error) = executor::run(serve_until_ctrl_c(addr)) {
        eprintln!("http_hello: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn serve_until_ctrl_c(addr: &str) -> io::Result<()> {
    let visits = SendWrapper::new(Rc::new(Cell::new(0)));
    let router = Router::new()
        .route("/", get(async || "Hello, world!\n"))
        .route(
            "/hello/{name}",
            get(async |Path(name): Path<String>| format!("Hello, {name}!\n")),
        )
        .route(
            "/slow",
            get(async || {
                sleep(Duration::from_secs(1)).await; // others are served meanwhile
                "Hello, at last!\n"
            }),
        )
        .route(
            "/visits",
            get(async move || {
                visits.set(visits.get() + 1);
                format!("{} visits\n", visits.get())
            }),
        );

    let listener = TcpListener::bind(addr).await?;
    executor::println!(
        "Listening on http://{}, Ctrl-C ends it.",
        listener.local_addr()?
    );
    let server = serve(listener, async move |stream: TcpStream, _peer| {
        stream.set_nodelay(true).ok(); // it is only faster
        let service = service_fn(|request| router.clone().call(request));
        let mut http = http1::Builder::new();
        http.timer(Timer::new()); // bounds the wait for a request's head
        http.serve_connection(Io::new(stream), service).await
    });
    let ctrl_c = async {
        signal::ctrl_c()
            .await
            .expect("a signal handler can be installed")
    };
    server.grace(Duration::from_secs(1)).until(ctrl_c).await?;
    Ok(())
}
