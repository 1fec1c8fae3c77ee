//! What chapter 20 promises.

use std::future::poll_fn;
use std::net;
use std::time::Duration;

use mio::Token;
use mio::net::UdpSocket;

use crate::mini::{Direction, Elapsed, Runner, current, run, sleep, spawn, timeout, yield_now};

const SECOND: Duration = Duration::from_secs(1);

fn registered() -> (UdpSocket, Token) {
    let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let token = current().reactor.add(&mut socket).unwrap();
    (socket, token)
}

async fn readable(token: Token) {
    poll_fn(|cx| current().reactor.poll_ready(token, Direction::Read, cx)).await;
}

/// Sends itself a datagram.
fn send(socket: &UdpSocket) {
    let address = socket.local_addr().unwrap();
    socket.send_to(b"hello", address).unwrap();
}

#[test]
fn readiness_without_a_waiter_is_kept() {
    run(async {
        let (socket, token) = registered();
        send(&socket);
        sleep(Duration::from_millis(20)).await;
        assert_eq!(timeout(SECOND, readable(token)).await, Ok(()));
    });
}

#[test]
fn an_event_of_a_closed_socket_wakes_no_other() {
    run(async {
        let closed = net::UdpSocket::bind("127.0.0.1:0").unwrap();
        closed.set_nonblocking(true).unwrap();
        let duplicate = closed.try_clone().unwrap();
        let mut closed = UdpSocket::from_std(closed);
        current().reactor.add(&mut closed).unwrap();
        drop(closed); // without `remove`
        let (socket, token) = registered();
        let address = duplicate.local_addr().unwrap();
        socket.send_to(b"not for you", address).unwrap();
        let limit = Duration::from_millis(50);
        assert_eq!(timeout(limit, readable(token)).await, Err(Elapsed));
    });
}

#[test]
fn a_busy_loop_looks_at_its_sockets() {
    run(async {
        let (socket, token) = registered();
        spawn(async {
            loop {
                yield_now().await;
            }
        });
        send(&socket);
        assert_eq!(timeout(10 * SECOND, readable(token)).await, Ok(()));
    });
}

#[test]
fn a_virtual_clock_looks_at_its_sockets_before_it_jumps() {
    Runner::virtual_time().run(async {
        let (socket, token) = registered();
        send(&socket);
        assert_eq!(timeout(SECOND, readable(token)).await, Ok(()));
        assert_eq!(timeout(SECOND, readable(token)).await, Err(Elapsed));
    });
}
