//! TCP listeners and streams: what Unix sockets do not have.

use std::collections::BTreeSet;
use std::future::pending;
use std::io::Write;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use executor::net::{TcpListener, TcpStream, UdpSocket};
use executor::{RunError, gather, run, spawn, timeout, try_run, yield_now};
use futures::StreamExt;
use futures::io::{AsyncReadExt, AsyncWriteExt};

use crate::common::{
    must_be_refused, must_end, panic_text, poll_once, read_some, run_to_end, until_waiting,
    with_raw_peer,
};

/// The most polls between two checks of the poller while tasks are ready
/// (DESIGN, section 3).
const POLLS_BETWEEN_LOOKS: u32 = 61;

const ENDED: &str = "the loop that this socket belongs to has ended";

/// A wait that is left would make the loop park forever instead of reporting the
/// stall.
#[test]
fn c259_a_call_that_was_given_up_is_not_listed_as_a_wait_any_more() {
    must_end(|| {
        let result = try_run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let datagrams = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let (stream, _theirs) = with_raw_peer().await;
            let mut buffer = [0; 16];
            assert!(
                poll_once(&mut Box::pin(listener.accept()))
                    .await
                    .is_pending()
            );
            let mut receive = Box::pin(datagrams.recv_from(&mut buffer));
            assert!(poll_once(&mut receive).await.is_pending());
            drop(receive);
            let mut peek = Box::pin(stream.peek(&mut buffer));
            assert!(poll_once(&mut peek).await.is_pending());
            drop(peek);
            pending::<()>().await;
        });
        assert!(matches!(result, Err(RunError::Stalled { .. })));
    });
}

#[test]
fn an_accept_that_is_cancelled_loses_no_connection() {
    run_to_end(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let given_up = timeout(Duration::ZERO, listener.accept()).await;
        assert!(given_up.is_err());
        let theirs = std::net::TcpStream::connect(addr).unwrap();
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, theirs.local_addr().unwrap());
    });
}

#[test]
fn c247_a_listener_whose_accept_is_cancelled_with_it_listens_no_more() {
    run_to_end(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let accept = spawn(async move { listener.accept().await.map(|_| ()) });
        until_waiting(&accept).await;
        accept.cancel();
        assert!(accept.await.unwrap_err().is_cancelled());
        must_be_refused(addr).await;
    });
}

#[test]
fn c241_connections_that_arrive_in_one_event_are_all_accepted() {
    run_to_end(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let accept = spawn(async move {
            let mut peers = BTreeSet::new();
            for _ in 0..50 {
                peers.insert(listener.accept().await.unwrap().1);
            }
            peers
        });
        until_waiting(&accept).await;
        let connect = |_| std::net::TcpStream::connect(addr).unwrap();
        let clients: Vec<_> = (0..50).map(connect).collect();
        let addrs = clients.iter().map(|stream| stream.local_addr().unwrap());
        assert_eq!(accept.await.unwrap(), addrs.collect());
    });
}

#[test]
fn the_incoming_connections_are_a_stream() {
    run_to_end(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let accept = spawn(async move {
            let incoming = listener.incoming().take(10);
            let peers = incoming.map(|stream| stream.unwrap().peer_addr().unwrap());
            peers.collect::<BTreeSet<_>>().await
        });
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(TcpStream::connect(addr).await.unwrap());
        }
        let addrs = clients.iter().map(|stream| stream.local_addr().unwrap());
        assert_eq!(accept.await.unwrap(), addrs.collect());
    });
}

/// Blocks until a connection can be accepted. The kernel may queue it after the
/// `connect` of the client has returned.
#[cfg(target_os = "linux")]
fn must_have_a_connection(listener: &std::net::TcpListener) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let limit = Timespec {
        tv_sec: 60,
        tv_nsec: 0,
    };
    let mut listener = [PollFd::new(listener, PollFlags::IN)];
    assert_eq!(poll(&mut listener, Some(&limit)), Ok(1));
}

#[cfg(not(target_os = "linux"))]
fn must_have_a_connection(_: &std::net::TcpListener) {
    std::thread::sleep(Duration::from_millis(50));
}

/// The catalogue asks for ten yields. This runtime needs up to the number of polls
/// between two checks of the poller.
#[test]
fn c173_a_task_that_yields_while_its_own_accept_waits_sees_the_connection_soon() {
    run_to_end(|| async {
        let same = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listener = TcpListener::from_std(same.try_clone().unwrap()).unwrap();
        let mut accept = Box::pin(listener.accept());
        assert!(poll_once(&mut accept).await.is_pending());
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        must_have_a_connection(&same);
        let mut yields = 0;
        let (_, peer) = loop {
            match poll_once(&mut accept).await {
                Poll::Ready(accepted) => break accepted.unwrap(),
                Poll::Pending => yield_now().await,
            }
            yields += 1;
        };
        assert_eq!(peer, client.local_addr().unwrap());
        assert!(yields <= POLLS_BETWEEN_LOOKS, "{yields} yields");
    });
}

#[test]
fn c253_a_socket_that_outlives_its_loop_gives_an_error() {
    must_end(|| {
        let (stream, listener, datagrams, _theirs) = run(async {
            let (stream, theirs) = with_raw_peer().await;
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let datagrams = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            (stream, listener, datagrams, theirs)
        });
        // Neither under a foreign executor nor on another loop.
        let errors = || async {
            let mut byte = [0];
            [
                (&stream).read(&mut byte).await.unwrap_err(),
                (&stream).write(b"x").await.unwrap_err(),
                stream.peek(&mut [0]).await.unwrap_err(),
                listener.accept().await.unwrap_err(),
                listener.incoming().next().await.unwrap().unwrap_err(),
                datagrams.recv_from(&mut [0]).await.unwrap_err(),
            ]
        };
        for error in futures::executor::block_on(errors()) {
            assert_eq!(error.to_string(), ENDED);
        }
        for error in run(errors()) {
            assert_eq!(error.to_string(), ENDED);
        }
    });
}

#[test]
fn both_ends_know_their_addresses_and_options() {
    run_to_end(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (client, accepted) = gather((TcpStream::connect(addr), listener.accept())).await;
        let (client, (server, peer)) = (client.unwrap(), accepted.unwrap());
        assert_eq!(client.peer_addr().unwrap(), addr);
        assert_eq!(server.local_addr().unwrap(), addr);
        assert_eq!(client.local_addr().unwrap(), peer);
        assert_eq!(server.peer_addr().unwrap(), peer);
        for on in [true, false] {
            client.set_nodelay(on).unwrap();
            assert_eq!(client.nodelay().unwrap(), on);
        }
    });
}

#[test]
fn peeking_waits_for_data_and_does_not_take_it() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let ours = Rc::new(ours);
        let peeker = spawn({
            let ours = ours.clone();
            async move {
                let mut buffer = [0; 16];
                let length = ours.peek(&mut buffer).await.unwrap();
                buffer[..length].to_vec()
            }
        });
        until_waiting(&peeker).await;
        theirs.write_all(b"there").unwrap();
        assert_eq!(peeker.await.unwrap(), b"there");
        assert_eq!(read_some(&*ours, 2).await, b"th");
        let mut rest = [0; 16];
        assert_eq!(ours.peek(&mut rest).await.unwrap(), 3);
        assert_eq!(read_some(&*ours, 16).await, b"ere");
        drop(theirs);
        assert_eq!(ours.peek(&mut rest).await.unwrap(), 0);
    });
}

#[test]
fn sockets_of_std_are_taken_over_and_never_block_the_loop() {
    run_to_end(|| async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        assert!(
            poll_once(&mut Box::pin(listener.accept()))
                .await
                .is_pending()
        );
        let client = TcpStream::from_std(std::net::TcpStream::connect(addr).unwrap()).unwrap();
        assert_eq!(client.peer_addr().unwrap(), addr);
        let (server, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 16];
        assert!(
            poll_once(&mut (&client).read(&mut buffer))
                .await
                .is_pending()
        );
        (&server).write_all(b"hello").await.unwrap();
        assert_eq!(read_some(&client, 16).await, b"hello");
    });
}

#[test]
fn a_socket_of_std_can_be_taken_over_only_where_a_loop_runs() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let text = panic_text(|| TcpListener::from_std(listener));
    assert!(text.contains("a socket"), "{text}");
}
