//! Datagrams, and sockets within one machine: one receive is one datagram, and
//! a path is removed by the one who made it and by nobody else.

use std::io::ErrorKind;
use std::time::Duration;

use executor::net::UdpSocket;
use executor::{gather, spawn, timeout};

use crate::sockets::{pattern, run_to_end, until_waiting};

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
fn a_datagram_to_nobody_is_an_error_of_the_next_receive_and_the_socket_goes_on() {
    run_to_end(|| async {
        let (one, two) = gather((bound(), bound())).await;
        let gone = two.local_addr().unwrap();
        drop(two);
        one.connect(gone).await.unwrap();
        // A child process that another test starts has the socket too, until
        // its own program begins, and what is sent meanwhile is nobody's.
        let error = loop {
            let _ = one.send(b"x").await;
            let answer = timeout(Duration::from_millis(20), one.recv(&mut [0; 16])).await;
            if let Ok(answer) = answer {
                break answer.unwrap_err();
            }
        };
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        // Somebody takes the port, and is heard.
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

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::io::{ErrorKind, Read, Write};
    use std::net::Shutdown;
    use std::path::PathBuf;

    use executor::net::{UnixListener, UnixStream};
    use executor::{gather, spawn, to_thread};
    use futures::io::{AsyncReadExt, AsyncWriteExt};

    use crate::sockets::{pattern, read_some, run_to_end, until_waiting};

    /// A path that is free, and is free again in the end.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let file = format!("executor-it-{}-{name}.sock", std::process::id());
            Place(std::env::temp_dir().join(file))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn c256_a_listener_removes_the_path_that_it_made() {
        run_to_end(|| async {
            let place = Place::new("made");
            let listener = UnixListener::bind(&place.0).unwrap();
            assert!(place.0.exists());
            drop(listener);
            assert!(!place.0.exists());
        });
    }

    #[test]
    fn c256_a_path_that_others_removed_or_replaced_is_left_alone() {
        run_to_end(|| async {
            let place = Place::new("replaced");
            let listener = UnixListener::bind(&place.0).unwrap();
            fs::remove_file(&place.0).unwrap();
            drop(listener);

            let first = UnixListener::bind(&place.0).unwrap();
            // Another file at first, so that the second cannot get the number
            // of the removed one.
            fs::rename(&place.0, place.0.with_extension("old")).unwrap();
            let _second = UnixListener::bind(&place.0).unwrap();
            drop(first);
            let connected = UnixStream::connect(&place.0).await;
            connected.expect("the second still listens");
            fs::remove_file(place.0.with_extension("old")).unwrap();
        });
    }

    #[test]
    fn c256_a_path_that_is_taken_is_an_error_and_is_left_alone() {
        run_to_end(|| async {
            let place = Place::new("taken");
            fs::write(&place.0, "somebody's file").unwrap();
            let error = UnixListener::bind(&place.0).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            let start = format!("cannot listen on {}: ", place.0.display());
            assert!(error.to_string().starts_with(&start), "{error}");
            assert_eq!(fs::read_to_string(&place.0).unwrap(), "somebody's file");
            let error = UnixStream::connect(&place.0).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            let start = format!("cannot connect to {}: ", place.0.display());
            assert!(error.to_string().starts_with(&start), "{error}");
        });
    }

    #[test]
    fn c256_a_listener_of_std_keeps_its_path() {
        run_to_end(|| async {
            let place = Place::new("std");
            let listener = std::os::unix::net::UnixListener::bind(&place.0).unwrap();
            drop(UnixListener::from_std(listener).unwrap());
            assert!(place.0.exists());
        });
    }

    #[test]
    fn connections_over_a_path_carry_every_byte_in_both_directions() {
        run_to_end(|| async {
            const SIZE: usize = 3 * 1024 * 1024;
            let place = Place::new("bytes");
            let listener = UnixListener::bind(&place.0).unwrap();
            let accept = spawn(async move { listener.accept().await.map(|(stream, _)| stream) });
            until_waiting(&accept).await;
            let client = UnixStream::connect(&place.0).await.unwrap();
            let server = accept.await.unwrap().unwrap();
            let talk = async |mut stream: &UnixStream| {
                stream.write_all(&pattern(SIZE)).await.unwrap();
                stream.close().await.unwrap();
            };
            let listen = async |mut stream: &UnixStream| {
                let mut received = Vec::new();
                stream.read_to_end(&mut received).await.unwrap();
                received
            };
            let ends = (
                talk(&client),
                listen(&client),
                talk(&server),
                listen(&server),
            );
            let ((), one, (), two) = gather(ends).await;
            assert!(one == pattern(SIZE) && two == pattern(SIZE));
        });
    }

    #[test]
    fn the_ends_of_a_pair_see_half_closes_and_ends() {
        run_to_end(|| async {
            let (one, two) = UnixStream::pair().unwrap();
            (&one).write_all(b"last").await.unwrap();
            one.shutdown(Shutdown::Write).unwrap();
            assert_eq!(read_some(&two, 16).await, b"last");
            assert_eq!(read_some(&two, 16).await, b"");
            (&two).write_all(b"answer").await.unwrap();
            drop(two);
            assert_eq!(read_some(&one, 16).await, b"answer");
            assert_eq!(read_some(&one, 16).await, b"");
        });
    }

    #[test]
    fn an_end_that_arrives_with_the_last_data_is_seen_by_a_reader_that_waits() {
        run_to_end(|| async {
            let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
            let ours = UnixStream::from_std(ours).unwrap();
            let reader = spawn(async move {
                let first = read_some(&ours, 16).await;
                (first, read_some(&ours, 16).await)
            });
            until_waiting(&reader).await;
            theirs.write_all(b"last").unwrap();
            drop(theirs);
            assert_eq!(reader.await.unwrap(), (b"last".to_vec(), Vec::new()));
        });
    }

    #[test]
    fn a_peer_that_reads_late_makes_a_large_write_wait_and_then_resume() {
        run_to_end(|| async {
            const SIZE: usize = 5 * 1024 * 1024;
            let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
            let ours = UnixStream::from_std(ours).unwrap();
            let writer = spawn(async move { (&ours).write_all(&pattern(SIZE)).await });
            until_waiting(&writer).await;
            let receiver = to_thread(move || {
                let mut received = Vec::new();
                theirs.read_to_end(&mut received).unwrap();
                received
            });
            let (written, received) = gather((writer, receiver)).await;
            written.unwrap().unwrap();
            assert!(received == pattern(SIZE));
        });
    }

    /// A message that carries a descriptor ends a read early, though more is
    /// there: that a read gave less than asked for does not mean that the
    /// socket is empty.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_read_that_ends_early_at_a_message_with_a_descriptor_leaves_the_rest_readable() {
        use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
        use std::io::IoSlice;
        use std::os::fd::AsFd;

        run_to_end(|| async {
            let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
            let ours = UnixStream::from_std(ours).unwrap();
            let reader = spawn(async move {
                let mut received = Vec::new();
                while received.len() < 12 {
                    received.extend(read_some(&ours, 64).await);
                }
                received
            });
            until_waiting(&reader).await;
            let descriptors = [theirs.as_fd()];
            let mut space = [std::mem::MaybeUninit::uninit(); 64];
            let mut ancillary = SendAncillaryBuffer::new(&mut space);
            assert!(ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)));
            let text = [IoSlice::new(b"with one")];
            sendmsg(&theirs, &text, &mut ancillary, SendFlags::empty()).unwrap();
            theirs.write_all(b" and").unwrap();
            assert_eq!(reader.await.unwrap(), b"with one and");
        });
    }
}
