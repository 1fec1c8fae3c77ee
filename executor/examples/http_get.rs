//! Fetches a page with hyper's client, on this loop.
//!
//! ```text
//! cargo run --release --features hyper --example http_get -- http://127.0.0.1:8080/
//! ```

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use executor::hyper::Io;
use executor::net::TcpStream;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::header::HOST;
use hyper::{Request, Uri, client};

const HELP: &str =
    "Fetches a page and prints its body.\n\nUsage: http_get http://HOST[:PORT][/PATH]";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let url = match &words[..] {
        [word] if word == "--help" || word == "-h" => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        [url] if !url.starts_with('-') => url,
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    if let Err(error) = executor::run(fetch(url)) {
        eprintln!("http_get: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn fetch(url: &str) -> Result<(), Box<dyn Error>> {
    let uri: Uri = url
        .parse()
        .map_err(|error| format!("{url} is not a URL: {error}"))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => return Err("https needs TLS, which this example leaves out".into()),
        _ => return Err(format!("{url} does not begin with http://").into()),
    }
    let authority = uri
        .authority()
        .ok_or_else(|| format!("{url} names no host"))?;
    let host = authority.host().trim_matches(['[', ']']); // those of IPv6

    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = client::conn::http1::handshake(Io::new(stream)).await?;
    // The connection is driven beside the request. When it fails, the request
    // fails too, and says why.
    executor::spawn(connection);

    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(HOST, authority.as_str())
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    if !response.status().is_success() {
        eprintln!("http_get: the server says {}", response.status());
    }
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            std::io::stdout().write_all(data)?; // as it comes
        }
    }
    Ok(())
}
