//! The way to `https` origins through a proxy: `HTTPS_PROXY`, `NO_PROXY`.
//!
//! **Invariant:** a proxy that is asked for is used or refused, never passed
//! over in silence; and its password is never shown.
//!
//! The proxy is asked to `CONNECT`, and TLS goes through it to the origin. So
//! it sees neither key nor words. Plain `http` origins are connected to
//! straight: they are on this machine or near it.

use std::env;
use std::fmt;
use std::io;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use executor::net::TcpStream;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use hyper::Uri;
use percent_encoding::percent_decode_str;

use super::origin::Origin;

/// Which origins are connected to through which proxy.
#[derive(Clone, Debug, Default)]
pub struct Proxy {
    server: Option<Result<Server, String>>,
    /// Hosts, domains, or `*`.
    not_for: Vec<String>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Server {
    host: String,
    port: u16,
    /// The value of `Proxy-Authorization`.
    authorization: Option<String>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Proxy {
    /// What the environment says: `HTTPS_PROXY`, else `ALL_PROXY`, and
    /// `NO_PROXY`; in small letters too, which win.
    pub fn from_env() -> Self {
        let either = |name: &str| {
            let small = env::var(name.to_ascii_lowercase()).ok();
            let value = small.or_else(|| env::var(name).ok());
            value.filter(|value| !value.trim().is_empty())
        };
        match either("HTTPS_PROXY").or_else(|| either("ALL_PROXY")) {
            Some(server) => Proxy::new(&server, &either("NO_PROXY").unwrap_or_default()),
            None => Proxy::default(),
        }
    }

    /// A proxy, and a list of what is connected to without it: hosts and
    /// domains with commas between them, or `*`.
    pub fn new(server: &str, not_for: &str) -> Self {
        let not_for = not_for.split(',').map(|entry| {
            let entry = entry.trim().to_ascii_lowercase();
            entry
                .trim_start_matches("*.")
                .trim_start_matches('.')
                .to_owned()
        });
        Proxy {
            server: Some(Server::read(server.trim())),
            not_for: not_for.filter(|entry| !entry.is_empty()).collect(),
        }
    }

    /// The proxy on the way to an origin.
    pub(super) fn to(&self, origin: &Origin) -> io::Result<Option<&Server>> {
        match &self.server {
            Some(server) if origin.https && !self.passes_over(origin) => match server {
                Ok(server) => Ok(Some(server)),
                Err(why) => Err(io::Error::new(io::ErrorKind::InvalidInput, why.clone())),
            },
            _ => Ok(None),
        }
    }

    fn passes_over(&self, origin: &Origin) -> bool {
        let host = origin.host.as_str();
        // No proxy leads back to this machine.
        let ip = host.parse::<IpAddr>();
        if host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback()) {
            return true;
        }
        self.not_for.iter().any(|entry| {
            let below = host.strip_suffix(entry.as_str());
            entry == "*" || *entry == origin.host_and_port() || below.is_some_and(is_domain)
        })
    }
}

/// What stands before a domain's name in a host of that domain.
fn is_domain(before: &str) -> bool {
    before.is_empty() || before.ends_with('.')
}

impl Server {
    fn read(text: &str) -> Result<Self, String> {
        let text = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        // The text may hold a password, so no error repeats it.
        let example = "HTTPS_PROXY: write it like http://proxy.example.com:3128";
        let uri: Uri = text.parse().map_err(|_| example)?;
        if uri.scheme_str() != Some("http") {
            let scheme = uri.scheme_str().unwrap_or_default();
            return Err(format!(
                "HTTPS_PROXY: a proxy that is spoken to by {scheme} is not supported, one by http is"
            ));
        }
        let authority = uri.authority().ok_or(example)?;
        let login = authority.as_str().rsplit_once('@').map(|(login, _)| login);
        let authorization = login.map(|login| {
            let login: Vec<u8> = percent_decode_str(login).collect();
            format!("Basic {}", STANDARD.encode(login))
        });
        Ok(Server {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(80),
            authorization,
        })
    }

    /// Connects to the proxy and has it connect to the origin.
    pub(super) async fn connect(&self, origin: &Origin) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let target = origin.host_and_port();
        let authorization = match &self.authorization {
            Some(value) => format!("Proxy-Authorization: {value}\r\n"),
            None => String::new(),
        };
        let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).await?;
        let head = read_head(&mut stream).await?;
        let line = head.lines().next().unwrap_or_default();
        match line.split(' ').nth(1) {
            Some(status) if status.starts_with('2') => Ok(stream),
            _ => Err(io::Error::other(format!(
                "the proxy {self:?} refuses to connect to {target}: {line}"
            ))),
        }
    }
}

/// Reads to the empty line and no further: what follows belongs to TLS.
async fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    const LONGEST: usize = 16 * 1024;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LONGEST || stream.read(&mut byte).await? == 0 {
            return Err(io::Error::other("the proxy's answer is none"));
        }
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Url;

    #[test]
    fn hosts_and_domains_of_no_proxy_are_connected_to_straight() {
        let cases = [
            ("model.test", true),
            (".test", true),
            ("*.test", true),
            ("*", true),
            ("MODEL.test:443", true),
            ("other.test, model.test", true),
            ("del.test", false),
            ("model.test:8443", false),
            ("", false),
        ];
        let url: Url = "https://model.test/v1".parse().unwrap();
        for (not_for, straight) in cases {
            let proxy = Proxy::new("proxy.test:3128", not_for);
            let way = proxy.to(&url.origin).unwrap();
            assert_eq!(way.is_none(), straight, "{not_for:?}");
        }
    }

    #[test]
    fn plain_http_and_this_machine_need_no_proxy() {
        let proxy = Proxy::new("http://proxy.test:3128", "");
        for url in [
            "http://model.test/v1",
            "https://localhost/v1",
            "https://127.0.0.2:8443/v1",
            "https://[::1]/v1",
        ] {
            let url: Url = url.parse().unwrap();
            assert_eq!(proxy.to(&url.origin).unwrap(), None, "{url}");
        }
    }

    #[test]
    fn a_proxy_is_written_with_or_without_its_scheme() {
        for text in [
            "proxy.test:3128",
            "http://proxy.test:3128",
            "http://proxy.test:3128/",
        ] {
            let server = Server::read(text).unwrap();
            assert_eq!(format!("{server:?}"), "proxy.test:3128");
        }
        assert_eq!(Server::read("[::1]").unwrap().host, "::1");
        assert!(Server::read("").is_err());
    }
}
