//! UDP: one receive is one datagram, and a receive that is given up loses none.

use std::io::ErrorKind;
use std::time::Duration;

use executor::net::UdpSocket;
use executor::{gather, spawn, timeout};

use crate::common::{pattern, run_to_end, until_waiting};

async fn bound() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

#[test]
fn c254_a_receive_is_one_datagram_with_its_sender() {
    run_to_end(|| async {
        let (one, two, three) = gather((bound(), bound(), bound())).await;
        let target = three.local_addr().unwrap();
        assert_eq!(one.send_to(b"first", target).await.unwrap(), 5);
        assert_eq!(two.send_to(b"", target).await.unwrap(), 0);
        assert_eq!(one.send_to(b"third", target).await.unwrap(), 5);
        let mut buffer = [0; 64];
        for (text, sender) in [("first", &one), ("", &two), ("third", &one)] {
            let (length, from) = three.recv_from(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..length], text.as_bytes());
            assert_eq!(from, sender.local_addr().unwrap());
        }
    });
}

#[test]
fn c254_a_datagram_that_does_not_fit_is_cut_off_and_the_next_one_is_whole() {
    run_to_end(|| async {
        let (one, two) = gather((bound(), bound())).await;
        let target = two.local_addr().unwrap();
        one.send_to(b"far too long", target).await.unwrap();
        one.send_to(b"next", target).await.unwrap();
        let mut buffer = [0; 4];
        assert_eq!(two.recv_from(&mut buffer).await.unwrap().0, 4);
        assert_eq!(&buffer, b"far ");
        assert_eq!(two.recv_from(&mut buffer).await.unwrap().0, 4);
        assert_eq!(&buffer, b"next");
    });
}

#[test]
fn c254_the_largest_datagram_arrives_and_a_larger_one_is_an_error() {
    run_to_end(|| async {
        const MOST: usize = 65_507; // what IPv4 leaves for the bytes
        let (one, two) = gather((bound(), bound())).await;
        let target = two.local_addr().unwrap();
        assert_eq!(one.send_to(&pattern(MOST), target).await.unwrap(), MOST);
        let mut buffer = vec![0; MOST + 1];
        assert_eq!(two.recv_from(&mut buffer).await.unwrap().0, MOST);
        assert!(buffer[..MOST] == pattern(MOST));
        assert!(one.send_to(&pattern(MOST + 1), target).await.is_err());
        one.send_to(b"still works", target).await.unwrap();
        assert_eq!(two.recv_from(&mut buffer).await.unwrap().0, 11);
    });
}

#[test]
fn c254_a_connected_socket_hears_only_the_one_it_is_connected_to() {
    run_to_end(|| async {
        let (one, two, stranger) = gather((bound(), bound(), bound())).await;
        let (one_addr, two_addr) = (one.local_addr().unwrap(), two.local_addr().unwrap());
        one.connect(two_addr).await.unwrap();
        two.connect(one_addr).await.unwrap();
        assert_eq!(one.peer_addr().unwrap(), two_addr);
        stranger.send_to(b"not for you", two_addr).await.unwrap();
        assert_eq!(one.send(b"ping").await.unwrap(), 4);
        let mut buffer = [0; 64];
        let length = two.recv(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"ping");
        two.send(b"pong").await.unwrap();
        let length = one.recv(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"pong");
    });
}

#[test]
fn a_datagram_to_a_closed_port_is_an_error_of_the_next_receive_and_the_socket_still_works() {
    run_to_end(|| async {
        let (one, two) = gather((bound(), bound())).await;
        let gone = two.local_addr().unwrap();
        drop(two);
        one.connect(gone).await.unwrap();
        // A child process that another test starts shares the socket until it
        // executes its program. Datagrams sent meanwhile are lost.
        let error = loop {
            let _ = one.send(b"x").await;
            let answer = timeout(Duration::from_millis(20), one.recv(&mut [0; 16])).await;
            if let Ok(answer) = answer {
                break answer.unwrap_err();
            }
        };
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        // A new socket takes the port.
        let two = UdpSocket::bind(gone).await.unwrap();
        two.connect(one.local_addr().unwrap()).await.unwrap();
        let mut buffer = [0; 16];
        let (length, sent) = gather((one.recv(&mut buffer), two.send(b"back"))).await;
        assert_eq!((length.unwrap(), sent.unwrap()), (4, 4));
        assert_eq!(&buffer[..4], b"back");
    });
}

#[test]
fn a_receive_that_waits_is_woken_and_a_peek_leaves_the_datagram() {
    run_to_end(|| async {
        let (one, two) = gather((bound(), bound())).await;
        let target = two.local_addr().unwrap();
        let receiver = spawn(async move {
            let mut buffer = [0; 16];
            let peeked = two.peek_from(&mut buffer).await.unwrap();
            let received = two.recv_from(&mut buffer).await.unwrap();
            assert_eq!(peeked, received);
            buffer[..received.0].to_vec()
        });
        until_waiting(&receiver).await;
        one.send_to(b"wake", target).await.unwrap();
        assert_eq!(receiver.await.unwrap(), b"wake");
    });
}

#[test]
fn a_receive_that_is_given_up_loses_no_datagram() {
    run_to_end(|| async {
        let (one, two) = gather((bound(), bound())).await;
        let target = two.local_addr().unwrap();
        let mut buffer = [0; 16];
        for round in 0..50_u8 {
            let given_up = timeout(Duration::ZERO, two.recv_from(&mut buffer)).await;
            assert!(given_up.is_err());
            one.send_to(&[round], target).await.unwrap();
            assert_eq!(two.recv_from(&mut buffer).await.unwrap().0, 1);
            assert_eq!(buffer[0], round);
        }
    });
}

/// Two receives in two branches of one task. The one that is given up was the
/// last to ask, so it is the one on record; the other one must still be woken.
#[test]
fn a_receive_that_is_given_up_does_not_take_the_wake_of_another_one_with_it() {
    run_to_end(|| async {
        let (one, two) = gather((bound(), bound())).await;
        let target = two.local_addr().unwrap();
        let (mut a, mut b) = ([0; 16], [0; 16]);
        let given_up = async {
            let millisecond = Duration::from_millis(1);
            let given_up = timeout(millisecond, two.recv_from(&mut b)).await;
            assert!(given_up.is_err());
            one.send_to(b"x", target).await.unwrap();
        };
        let (received, ()) = gather((two.recv_from(&mut a), given_up)).await;
        assert_eq!(received.unwrap().0, 1);
    });
}

#[test]
fn an_address_that_cannot_be_bound_is_named() {
    run_to_end(|| async {
        let one = bound().await;
        let addr = one.local_addr().unwrap();
        let error = UdpSocket::bind(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let start = format!("cannot bind to {addr}: ");
        assert!(error.to_string().starts_with(&start), "{error}");
    });
}
