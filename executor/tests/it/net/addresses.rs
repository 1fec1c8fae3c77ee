//! Addresses and names: each error says which address failed.

use std::io::ErrorKind;
use std::net::SocketAddr;

use executor::gather;
use executor::net::{TcpListener, TcpStream, UdpSocket, lookup_host};

use crate::common::{must_be_refused, run_to_end};

/// A TCP port without a listener, and the socket that reserves it.
fn closed_port() -> (std::net::UdpSocket, SocketAddr) {
    // A datagram socket takes its port for datagrams only.
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

#[test]
fn connecting_to_a_closed_port_names_the_address() {
    run_to_end(|| async {
        let (_socket, addr) = closed_port();
        let error = TcpStream::connect(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let text = error.to_string();
        let start = format!("cannot connect to {addr}: Connection refused");
        assert!(text.starts_with(&start), "{text}");
    });
}

#[test]
fn connecting_tries_the_addresses_in_their_order_and_takes_the_first_that_answers() {
    run_to_end(|| async {
        let (_socket, closed) = closed_port();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let stream = TcpStream::connect(&[closed, open][..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        let error = TcpStream::connect(&[closed, closed][..]).await.unwrap_err();
        assert!(error.to_string().contains(&closed.to_string()), "{error}");
        let error = TcpStream::connect(&[] as &[SocketAddr]).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no address to try");
    });
}

#[test]
fn a_name_that_does_not_exist_is_named_in_the_error() {
    run_to_end(|| async {
        // No part of a name may be longer than 63 letters, so the system says
        // no without asking a name server, which may take minutes to be silent.
        const NOWHERE: &str =
            "there-is-not-and-there-will-never-be-a-host-with-such-a-long-name-as-this.invalid";
        let target = format!("{NOWHERE}:80");
        let start = format!("cannot look up {NOWHERE}: ");
        for error in [
            lookup_host(&target).await.unwrap_err(),
            TcpStream::connect(&target).await.unwrap_err(),
            TcpListener::bind(&target).await.unwrap_err(),
            UdpSocket::bind((NOWHERE, 80)).await.unwrap_err(),
        ] {
            assert!(error.to_string().starts_with(&start), "{error}");
        }
    });
}

#[test]
fn a_text_that_is_no_address_is_named_in_the_error() {
    run_to_end(|| async {
        for text in [
            "",
            "localhost",
            "127.0.0.1",
            ":80",
            "a:b",
            "127.0.0.1:65536",
        ] {
            let error = TcpStream::connect(text).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert_eq!(
                error.to_string(),
                format!("`{text}` is not an address: write `host:port`, as in `127.0.0.1:8080`")
            );
        }
    });
}

#[test]
fn a_name_is_looked_up_while_the_loop_goes_on() {
    run_to_end(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let addrs = lookup_host(("localhost", port)).await.unwrap();
        assert!(
            addrs.iter().all(|addr| addr.ip().is_loopback()),
            "{addrs:?}"
        );
        let connect = TcpStream::connect(format!("localhost:{port}"));
        let (stream, accepted) = gather((connect, listener.accept())).await;
        assert_eq!(stream.unwrap().local_addr().unwrap(), accepted.unwrap().1);
    });
}

#[test]
fn a_port_in_use_is_an_error_that_names_the_address() {
    run_to_end(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let error = TcpListener::bind(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let start = format!("cannot listen on {addr}: "); // then the system's text
        assert!(error.to_string().starts_with(&start), "{error}");
        drop(listener);
        must_be_refused(addr).await;
        TcpListener::bind(addr).await.unwrap(); // free again
    });
}

/// Port 1 needs a privilege, which the tests do not have.
#[test]
fn a_port_that_is_not_permitted_is_an_error_that_names_the_address() {
    run_to_end(|| async {
        let Err(error) = TcpListener::bind("127.0.0.1:1").await else {
            println!("skipped: this user may listen on port 1");
            return;
        };
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        let start = "cannot listen on 127.0.0.1:1: Permission denied";
        assert!(error.to_string().starts_with(start), "{error}");
    });
}
