//! Targets: what can be bound or connected to.
//!
//! **Invariant:** this file asks no name service; a name stays a name until
//! `lookup` resolves it, on a thread.
//!
//! Called by `lookup`. Imports nothing.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// An address, or a name to be looked up: `"127.0.0.1:80"`, `"localhost:80"`,
/// `("localhost", 80)`, a `SocketAddr`, a slice of them (std: `ToSocketAddrs`,
/// which would block).
pub trait ToAddrs {
    /// Returns the addresses, or the name.
    ///
    /// # Errors
    ///
    /// If the text is neither an address nor a name with a port.
    fn to_target(&self) -> io::Result<Target>;
}

/// The result of [`ToAddrs`]: addresses or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// Addresses, tried in this order.
    Addrs(Vec<SocketAddr>),
    /// The name of a host to look up, and a port.
    Name(String, u16),
}

impl Target {
    fn from_host(host: &str, port: u16) -> Self {
        match host.parse::<IpAddr>() {
            Ok(ip) => Target::Addrs(vec![SocketAddr::new(ip, port)]),
            Err(_) => Target::Name(host.to_owned(), port),
        }
    }
}

impl ToAddrs for str {
    fn to_target(&self) -> io::Result<Target> {
        if let Ok(addr) = self.parse::<SocketAddr>() {
            return Ok(Target::Addrs(vec![addr]));
        }
        let parts = self.rsplit_once(':');
        let host_and_port = parts.and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
        match host_and_port.filter(|(host, _)| !host.is_empty()) {
            Some((host, port)) => Ok(Target::from_host(host, port)),
            None => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("`{self}` is not an address: write `host:port`, as in `127.0.0.1:8080`"),
            )),
        }
    }
}

impl ToAddrs for String {
    fn to_target(&self) -> io::Result<Target> {
        self.as_str().to_target()
    }
}

impl ToAddrs for (&str, u16) {
    fn to_target(&self) -> io::Result<Target> {
        Ok(Target::from_host(self.0, self.1))
    }
}

impl ToAddrs for (String, u16) {
    fn to_target(&self) -> io::Result<Target> {
        Ok(Target::from_host(&self.0, self.1))
    }
}

impl ToAddrs for [SocketAddr] {
    fn to_target(&self) -> io::Result<Target> {
        Ok(Target::Addrs(self.to_vec()))
    }
}

impl<T: ToAddrs + ?Sized> ToAddrs for &T {
    fn to_target(&self) -> io::Result<Target> {
        (**self).to_target()
    }
}

macro_rules! addresses {
    ($($type:ty),*) => {$(
        impl ToAddrs for $type {
            fn to_target(&self) -> io::Result<Target> {
                Ok(Target::Addrs(vec![SocketAddr::from(*self)]))
            }
        }
    )*};
}

addresses!(
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16)
);

#[cfg(test)]
mod tests {
    use super::*;

    fn name(host: &str, port: u16) -> Target {
        Target::Name(host.into(), port)
    }

    #[test]
    fn a_text_is_an_address_or_a_name_with_a_port() {
        let addr: SocketAddr = "127.0.0.1:80".parse().unwrap();
        assert_eq!(
            "127.0.0.1:80".to_target().unwrap(),
            Target::Addrs(vec![addr])
        );
        assert_eq!("localhost:80".to_target().unwrap(), name("localhost", 80));
        assert_eq!(
            ("localhost", 80).to_target().unwrap(),
            name("localhost", 80)
        );
        let six: SocketAddr = "[::1]:80".parse().unwrap();
        assert_eq!("[::1]:80".to_target().unwrap(), Target::Addrs(vec![six]));
    }

    #[test]
    fn a_text_without_a_port_is_refused_with_an_example() {
        for text in ["localhost", "", ":80", "localhost:http", "localhost:70000"] {
            let error = text.to_target().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains("127.0.0.1:8080"), "{error}");
        }
    }
}
