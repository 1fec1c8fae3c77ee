//! An HTTP client: fetches a page with hyper, on this loop.
//!
//! ```text
//! cargo run --release -p executor --features hyper --example http_get -- http://127.0.0.1:8080/
//! ```

use std::io::{self, ErrorKind, Write};
use std::{env, error::Error, process};

use executor::hyper::Io;
use executor::net::TcpStream;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Uri, body::Bytes, client::conn::http1, header::HOST};

const HELP: &str = "Fetches a page and prints its body.\n\n\
    Usage: http_get http://HOST[:PORT][/PATH]";

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let url = match words[..] {
        ["--help" | "-h"] => return println!("{HELP}"),
        [url] if !url.starts_with('-') => url,
        _ => end(2, HELP),
    };
    if let Err(error) = executor::run(fetch(url)) {
        end(1, &format!("http_get: {error}"));
    }
}

fn end(code: i32, why: &str) -> ! {
    eprintln!("{why}");
    process::exit(code)
}

async fn fetch(url: &str) -> Result<(), Box<dyn Error>> {
    let uri: Uri = url
        .parse()
        .map_err(|error| format!("{url} is not a URL: {error}"))?;
    let Some(authority) = uri.authority().filter(|_| uri.scheme_str() == Some("http")) else {
        let why = match uri.scheme_str() {
            Some("https") => "needs TLS, which this example leaves out; use http://",
            _ => "does not begin with http://",
        };
        return Err(format!("{url} {why}").into());
    };
    let has_port = !authority.as_str().ends_with(authority.host());
    let addr = format!("{authority}{}", if has_port { "" } else { ":80" });
    let stream = TcpStream::connect(&*addr).await?;
    let (mut sender, connection) = http1::handshake(Io::new(stream)).await?;
    // Runs beside the request. If the connection fails, the request returns the
    // error.
    executor::spawn(connection);

    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path).header(HOST, authority.as_str());
    let response = sender
        .send_request(request.body(Empty::<Bytes>::new())?)
        .await?;
    if !response.status().is_success() {
        return Err(format!("the server says {}", response.status()).into());
    }
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        match io::stdout().write_all(&frame?.into_data().unwrap_or_default()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break, // as in `| head`
            result => result?,
        }
    }
    Ok(())
}
