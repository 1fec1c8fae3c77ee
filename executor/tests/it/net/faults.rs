//! Hostile peers and scarce descriptors: an error instead of a hang, nothing
//! lost that was acknowledged, nothing left open.
//!
//! The largest test is run by hand:
//! `cargo test --release -p executor --test features net::faults:: -- --ignored --nocapture`

use std::cell::Cell;
use std::io::{ErrorKind, Write};
use std::time::Duration;

use executor::net::TcpListener;
use executor::{gather, spawn, tasks, timeout, to_thread, yield_now};
use futures::io::{AsyncReadExt, AsyncWriteExt};

use crate::common::{
    Count, Random, counted, pattern, read_some, run_to_end, until_waiting, with_raw_peer,
};

/// Closes a connection with a reset.
fn reset(stream: std::net::TcpStream) {
    let stream = socket2::Socket::from(stream);
    stream.set_linger(Some(Duration::ZERO)).unwrap();
}

#[test]
fn c238_when_the_peer_is_gone_reads_end_and_writes_fail() {
    run_to_end(|| async {
        let (ours, theirs) = with_raw_peer().await;
        drop(theirs);
        assert_eq!(read_some(&ours, 16).await, b"");
        let error = loop {
            if let Err(error) = (&ours).write(b"are you there?").await {
                break error;
            }
            yield_now().await;
        };
        let kind = error.kind();
        assert!(
            matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset),
            "{kind:?}"
        );
    });
}

#[test]
fn c238_a_peer_that_resets_fails_the_read_that_waits_once_and_without_spinning() {
    run_to_end(|| async {
        let (ours, theirs) = with_raw_peer().await;
        let polls = Count::default();
        let reader = spawn(counted(&polls, async move {
            let error = (&ours).read(&mut [0; 16]).await.unwrap_err();
            let after = (&ours).read(&mut [0; 16]).await.unwrap();
            let write = (&ours).write(b"x").await.unwrap_err();
            (error.kind(), after, write.kind())
        }));
        until_waiting(&reader).await;
        reset(theirs);
        let outcome = reader.await.unwrap();
        assert_eq!(
            outcome,
            (ErrorKind::ConnectionReset, 0, ErrorKind::BrokenPipe)
        );
        assert_eq!(polls.get(), 2);
    });
}

#[test]
fn a_peer_that_vanishes_in_the_middle_of_a_write_fails_it() {
    run_to_end(|| async {
        for with_reset in [true, false] {
            let (ours, theirs) = with_raw_peer().await;
            let writer = spawn(async move { (&ours).write_all(&pattern(10 << 20)).await });
            until_waiting(&writer).await;
            if with_reset {
                reset(theirs);
            } else {
                drop(theirs); // unread data make it a reset as well
            }
            let kind = writer.await.unwrap().unwrap_err().kind();
            assert!(
                matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset),
                "{kind:?}"
            );
        }
    });
}

#[test]
fn what_a_peer_sent_before_its_end_is_read_although_our_writes_fail() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        theirs.write_all(&pattern(1000)).unwrap();
        drop(theirs);
        let mut received = Vec::new();
        (&ours).read_to_end(&mut received).await.unwrap();
        assert_eq!(received, pattern(1000));
    });
}

#[test]
fn a_peer_that_never_reads_is_given_up_at_the_timeout_and_others_are_served() {
    run_to_end(|| async {
        let (ours, theirs) = with_raw_peer().await;
        let (other, mut their_other) = with_raw_peer().await;
        let mute = spawn(async move {
            let write = async { (&ours).write_all(&pattern(10 << 20)).await };
            timeout(Duration::from_millis(50), write).await.is_err()
        });
        until_waiting(&mute).await;
        their_other.write_all(b"hello").unwrap();
        assert_eq!(read_some(&other, 16).await, b"hello");
        assert!(mute.await.unwrap());
        drop(theirs);
    });
}

/// An out-of-band byte is among the others, and a read stops before it although
/// more can be read.
#[test]
fn a_peer_that_sends_a_byte_out_of_band_does_not_hide_what_follows() {
    run_to_end(|| async {
        let (ours, theirs) = with_raw_peer().await;
        let theirs = socket2::Socket::from(theirs);
        let reader = spawn(async move {
            let mut received = Vec::new();
            while received.len() < 10 {
                received.extend(read_some(&ours, 64).await);
            }
            received
        });
        until_waiting(&reader).await;
        theirs.send(b"before").unwrap();
        theirs.send_out_of_band(b"!").unwrap();
        theirs.send(b"after").unwrap();
        let received = reader.await.unwrap();
        assert_eq!(received, b"beforeafter");
    });
}

#[test]
fn a_connection_that_its_client_gave_up_before_the_accept_disturbs_no_other() {
    run_to_end(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        for _ in 0..10 {
            reset(std::net::TcpStream::connect(addr).unwrap());
        }
        let mut client = std::net::TcpStream::connect(addr).unwrap();
        client.write_all(b"here").unwrap();
        let (stream, _) = loop {
            let (stream, peer) = listener.accept().await.unwrap();
            if peer == client.local_addr().unwrap() {
                break (stream, peer);
            }
            let error = (&stream).read(&mut [0]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        };
        assert_eq!(read_some(&stream, 16).await, b"here");
    });
}

#[test]
fn a_hundred_peers_of_every_kind_at_once_leave_no_task_behind() {
    run_to_end(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let peers = to_thread(move || {
            let mut random = Random::new(7);
            let mut kept = Vec::new();
            for n in 0..100 {
                let mut stream = std::net::TcpStream::connect(addr).unwrap();
                // The other side may have closed already.
                let _ = stream.write_all(&pattern(random.below(5000)));
                match n % 4 {
                    0 => drop(stream),
                    1 => reset(stream),
                    2 => stream.shutdown(std::net::Shutdown::Write).unwrap(),
                    _ => kept.push(stream),
                }
            }
            drop(kept);
        });
        // On Windows, the accept of a connection that is gone fails, and is skipped.
        let last = Cell::default();
        let peers = async {
            peers.await;
            let stream = std::net::TcpStream::connect(addr).unwrap();
            last.set(stream.local_addr().ok());
        };
        let mut served = Vec::new();
        let accept = async {
            loop {
                let (stream, peer) = listener.accept().await.unwrap();
                if last.get() == Some(peer) {
                    break;
                }
                served.push(spawn(async move {
                    let mut buffer = [0; 512];
                    // Some of them end in a reset.
                    while let Ok(1..) = (&stream).read(&mut buffer).await {
                        let _ = (&stream).write_all(b"answer").await;
                    }
                }));
            }
        };
        gather((peers, accept)).await;
        assert!(served.len() == 100 || cfg!(windows));
        for task in served {
            task.await.unwrap();
        }
        assert_eq!(tasks().len(), 1);
    });
}

// ---- descriptors ----------------------------------------------------------

#[cfg(target_os = "linux")]
mod descriptors {
    use std::os::fd::AsRawFd;

    use super::*;
    use crate::common::{connected, in_own_process};
    use executor::net::TcpStream;
    use executor::run;
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    fn open_descriptors() -> usize {
        // The listing holds one itself.
        std::fs::read_dir("/proc/self/fd").unwrap().count() - 1
    }

    /// The number that the next descriptor gets: the lowest that is free.
    fn next_descriptor() -> usize {
        let file = std::fs::File::open("/dev/null").unwrap();
        usize::try_from(file.as_raw_fd()).unwrap()
    }

    /// Allows the numbers below this one.
    fn allow(descriptors: usize) {
        let maximum = getrlimit(Resource::Nofile).maximum;
        let current = Some(descriptors as u64);
        setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
    }

    #[track_caller]
    fn ended_well(child: &std::process::Output) {
        let out = String::from_utf8_lossy(&child.stdout);
        let err = String::from_utf8_lossy(&child.stderr);
        assert!(child.status.success(), "the child failed:\n{out}\n{err}");
    }

    #[test]
    fn without_a_descriptor_an_accept_fails_and_later_gets_the_connection() {
        let name = "net::faults::descriptors::without_a_descriptor_an_accept_fails_and_later_gets_the_connection";
        if let Some(child) = in_own_process(name, &[]) {
            return ended_well(&child);
        }
        let before = open_descriptors();
        run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            let mut client = std::net::TcpStream::connect(addr).unwrap();
            client.write_all(b"patience").unwrap();
            let (in_use, limit) = (open_descriptors(), getrlimit(Resource::Nofile).current);
            allow(next_descriptor());
            for _ in 0..3 {
                let error = listener.accept().await.unwrap_err();
                assert_eq!(error.raw_os_error(), Some(24), "{error}"); // EMFILE
                let error = TcpStream::connect(addr).await.unwrap_err();
                let start = format!("cannot connect to {addr}: Too many open files");
                assert!(error.to_string().starts_with(&start), "{error}");
                let error = TcpListener::bind("127.0.0.1:0").await.unwrap_err();
                let start = "cannot listen on 127.0.0.1:0: Too many open files";
                assert!(error.to_string().starts_with(start), "{error}");
            }
            allow(limit.unwrap_or(1024) as usize);
            assert_eq!(open_descriptors(), in_use);
            let (stream, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
            assert_eq!(read_some(&stream, 16).await, b"patience");
        });
        assert_eq!(open_descriptors(), before);
    }

    #[test]
    fn without_a_descriptor_for_the_poller_the_first_socket_fails_and_a_later_one_works() {
        let name = "net::faults::descriptors::without_a_descriptor_for_the_poller_the_first_socket_fails_and_a_later_one_works";
        if let Some(child) = in_own_process(name, &[]) {
            return ended_well(&child);
        }
        let before = open_descriptors();
        run(async {
            // Room for the socket, for the poller as well, for all but the
            // last one that is needed.
            let (next, limit) = (next_descriptor(), getrlimit(Resource::Nofile));
            for room in 0..3 {
                allow(next + room);
                let error = TcpListener::bind("127.0.0.1:0").await.unwrap_err();
                assert_eq!(error.kind(), std::io::Error::from_raw_os_error(24).kind());
                setrlimit(Resource::Nofile, limit).unwrap();
                assert_eq!(open_descriptors(), before, "room for {room}");
            }
            let (one, two) = connected().await;
            (&one).write_all(b"works").await.unwrap();
            assert_eq!(read_some(&two, 16).await, b"works");
        });
        assert_eq!(open_descriptors(), before);
    }

    #[test]
    fn a_thousand_connections_leave_no_descriptor_behind() {
        let name = "net::faults::descriptors::a_thousand_connections_leave_no_descriptor_behind";
        if let Some(child) = in_own_process(name, &[]) {
            return ended_well(&child);
        }
        let outside = open_descriptors();
        run(async {
            drop(connected().await); // makes the poller
            let before = open_descriptors();
            for n in 0..1000 {
                let (one, two) = connected().await;
                match n % 4 {
                    0 => drop((one, two)),
                    1 => {
                        // Dropped while it is waited for.
                        let reader = spawn(async move { read_some(&one, 1).await });
                        until_waiting(&reader).await;
                        reader.cancel();
                        assert!(reader.await.unwrap_err().is_cancelled());
                    }
                    2 => {
                        (&one).write_all(b"x").await.unwrap();
                        drop(one);
                        assert_eq!(read_some(&two, 16).await, b"x");
                    }
                    _ => {
                        let mut peer = two;
                        peer.close().await.unwrap();
                        assert_eq!(read_some(&one, 16).await, b"");
                    }
                }
            }
            assert_eq!(open_descriptors(), before);
            assert_eq!(tasks().len(), 1);
        });
        assert_eq!(open_descriptors(), outside);
    }

    #[test]
    fn a_hundred_loops_with_sockets_leave_no_descriptor_behind() {
        let name =
            "net::faults::descriptors::a_hundred_loops_with_sockets_leave_no_descriptor_behind";
        if let Some(child) = in_own_process(name, &[]) {
            return ended_well(&child);
        }
        let before = open_descriptors();
        let mut outlive = Vec::new();
        for _ in 0..100 {
            outlive.push(run(async {
                let (one, two) = connected().await;
                spawn(async move { read_some(&two, 1).await });
                yield_now().await;
                one
            }));
        }
        assert_eq!(open_descriptors(), before + 100); // one socket each
        drop(outlive);
        assert_eq!(open_descriptors(), before);
    }

    /// See the head of this file.
    #[test]
    #[ignore = "takes some seconds and twenty thousand descriptors"]
    fn ten_thousand_connections_echo_and_are_closed_at_random() {
        let limit = getrlimit(Resource::Nofile);
        let current = limit.maximum;
        setrlimit(Resource::Nofile, Rlimit { current, ..limit }).unwrap();
        let possible = current.map_or(usize::MAX, |most| (most as usize - 100) / 2);
        let connections = possible.min(10_000);
        println!("{connections} connections (two descriptors each, {current:?} allowed)");
        let before = open_descriptors();
        let all = async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            let server = spawn(async move {
                for _ in 0..connections {
                    let (stream, _) = listener.accept().await.unwrap();
                    spawn(async move {
                        let mut buffer = [0; 64];
                        loop {
                            let length = (&stream).read(&mut buffer).await.unwrap();
                            if length == 0 {
                                return;
                            }
                            (&stream).write_all(&buffer[..length]).await.unwrap();
                        }
                    });
                }
            });
            let mut clients = Vec::new();
            for _ in 0..connections {
                clients.push(TcpStream::connect(addr).await.unwrap());
            }
            server.await.unwrap();
            assert_eq!(tasks().len(), 1 + connections);
            for (n, client) in clients.iter().enumerate() {
                (&*client).write_all(&n.to_le_bytes()).await.unwrap();
            }
            for (n, client) in clients.iter().enumerate() {
                let mut answer = [0; size_of::<usize>()];
                (&*client).read_exact(&mut answer).await.unwrap();
                assert_eq!(usize::from_le_bytes(answer), n);
            }
            let mut random = Random::new(1);
            while !clients.is_empty() {
                clients.swap_remove(random.below(clients.len()));
                if random.below(100) == 0 {
                    yield_now().await;
                }
            }
            while tasks().len() > 1 {
                executor::sleep(Duration::from_millis(10)).await;
            }
        };
        let ended = run(async {
            let ended = timeout(Duration::from_secs(60), all).await;
            ended.is_ok()
        });
        assert!(ended, "not done within a minute");
        assert_eq!(open_descriptors(), before);
    }
}
