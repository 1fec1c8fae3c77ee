//! Where a server is, and which page of it is meant.
//!
//! **Invariant:** an origin can be connected to and written into a header as
//! it is: it was checked when it was read.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use hyper::Uri;

use crate::error::Error;

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    pub(super) https: bool,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Origin {
    /// The `Host` header: the port only where it is not the usual one.
    pub(super) fn authority(&self) -> String {
        let host = self.bracketed();
        let usual = if self.https { 443 } else { 80 };
        match self.port {
            port if port == usual => host,
            port => format!("{host}:{port}"),
        }
    }

    /// Host and port, always both.
    pub(super) fn host_and_port(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    fn bracketed(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

/// An origin, a path and a query.
///
/// ```
/// use llm_demo::http::Url;
///
/// let base: Url = "http://127.0.0.1:8080/v1/".parse().unwrap();
/// assert_eq!(base.join("models").to_string(), "http://127.0.0.1:8080/v1/models");
/// assert!("127.0.0.1:8080".parse::<Url>().is_err());
/// assert!("http://[localhost]/v1".parse::<Url>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Where the server is.
    pub origin: Origin,
    pub(super) path: Uri,
}

impl Url {
    /// The address of something below this one.
    #[must_use]
    pub fn join(&self, below: &str) -> Url {
        let base = self.path.path().trim_end_matches('/');
        let query = self.path.query().map(|query| format!("?{query}"));
        let path = format!("{base}/{below}{}", query.unwrap_or_default());
        Url {
            origin: self.origin.clone(),
            path: path.parse().expect("a path below a path is a path"),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

impl FromStr for Url {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let bad = |why: &str| {
            // A text with an `@` may hold a password: it is not repeated.
            let shown = if text.contains('@') { "the URL" } else { text };
            Error::Config(format!("{shown}: {why}"))
        };
        let uri: Uri = text.parse().map_err(|_| bad(EXAMPLE))?;
        let (https, usual) = match uri.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            _ => return Err(bad(EXAMPLE)),
        };
        let authority = uri.authority().ok_or_else(|| bad(EXAMPLE))?;
        if authority.as_str().contains('@') {
            return Err(bad("a name and a password in it are not supported"));
        }
        let port = match &authority.as_str()[authority.host().len()..] {
            "" => usual,
            text => {
                let number = text.strip_prefix(':').and_then(|text| text.parse().ok());
                number.ok_or_else(|| bad("what follows the host is no port"))?
            }
        };
        let host = authority.host();
        // Around the whole of it they stand for an IPv6 address, and nothing else.
        let within = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        if within.is_some_and(|address| address.parse::<Ipv6Addr>().is_err()) {
            return Err(bad("what stands in the brackets is no IPv6 address"));
        }
        let host = within.unwrap_or(host);
        if host.is_empty() || host.contains(['[', ']']) {
            return Err(bad(EXAMPLE));
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        if !path.is_ascii() {
            return Err(bad("what is not ASCII in a path is written as %C3%A9"));
        }
        Ok(Url {
            origin: Origin {
                https,
                host: host.to_ascii_lowercase(),
                port,
            },
            path: path.parse().map_err(|_| bad(EXAMPLE))?,
        })
    }
}

const EXAMPLE: &str = "write a URL like http://127.0.0.1:8080/v1 or https://api.openai.com/v1";
