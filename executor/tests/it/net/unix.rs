//! Unix-domain sockets: a listener removes its own path and no other.

use std::fs;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::path::PathBuf;

use executor::net::{UnixListener, UnixStream};
use executor::{gather, spawn};
use futures::io::{AsyncReadExt, AsyncWriteExt};

use crate::common::{pattern, read_some, run_to_end, sized_by_build, until_waiting};

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
        fs::write(&place.0, "another file").unwrap();
        let error = UnixListener::bind(&place.0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let start = format!("cannot listen on {}: ", place.0.display());
        assert!(error.to_string().starts_with(&start), "{error}");
        assert_eq!(fs::read_to_string(&place.0).unwrap(), "another file");
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
        const SIZE: usize = sized_by_build(3 << 20, 1 << 20, 1 << 20);
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

/// A message that carries a descriptor ends a read early, though more is
/// there: that a read gave less than asked for does not mean that the
/// socket is empty.
#[cfg(target_os = "linux")]
#[test]
fn a_read_that_ends_early_at_a_message_with_a_descriptor_leaves_the_rest_readable() {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    use std::io::IoSlice;
    use std::io::Write;
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

/// Linux says `EAGAIN` then, which is not a reason to poll again.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_to_a_listener_whose_backlog_is_full_is_an_error() {
    use socket2::{Domain, SockAddr, Socket, Type};

    run_to_end(|| async {
        let place = Place::new("full");
        let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        listener.bind(&SockAddr::unix(&place.0).unwrap()).unwrap();
        listener.listen(1).unwrap();
        let mut clients = Vec::new();
        let error = loop {
            match UnixStream::connect(&place.0).await {
                Ok(client) => clients.push(client),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{error}");
        let start = format!("cannot connect to {}: ", place.0.display());
        assert!(error.to_string().starts_with(&start), "{error}");
        assert_eq!(clients.len(), 2, "one more than the backlog");
    });
}
