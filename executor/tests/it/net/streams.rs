//! Streams of any kind: every byte arrives once and in order, and every wait ends
//! or is reported.
//!
//! Each test runs with TCP and with Unix sockets. In many, the other end is a
//! socket of std. The bytes that it sends stay in the kernel until the loop
//! checks its poller, so the test decides what one check finds.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use executor::net::TcpStream;
#[cfg(unix)]
use executor::net::UnixStream;
use executor::{
    RunError, Runner, TaskState, gather, race, run, sleep, spawn, timeout, to_thread, try_run,
    yield_now,
};
use futures::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use crate::common::{
    Count, Log, Random, connected, counted, described, echo, let_the_loop_look, must_end, pattern,
    poll_once, read_some, run_to_end, sized_by_build, until_waiting, with_raw_peer,
};

/// A kind of stream.
trait Kind: Copy + Send + 'static {
    type Stream: Stream;
    type Peer: Peer;

    /// A stream of this runtime, and its other end as a socket of std.
    async fn with_raw_peer(self) -> (Self::Stream, Self::Peer);

    /// Two streams of this runtime, connected with each other.
    async fn connected(self) -> (Self::Stream, Self::Stream);

    /// Two sockets of std, connected with each other.
    fn raw_pair(self) -> (Self::Peer, Self::Peer);

    fn adopt(self, socket: Self::Peer) -> Self::Stream;

    /// What a listing adds to the descriptor of a stream with this peer.
    fn listed(self, peer: &Self::Peer) -> String;
}

/// A stream of this runtime.
trait Stream: AsyncRead + AsyncWrite + Unpin + 'static {
    /// Reads and writes through a shared reference.
    fn io(&self) -> impl AsyncRead + AsyncWrite + Unpin;

    fn shutdown(&self, how: Shutdown) -> io::Result<()>;

    /// What a listing calls it: by its descriptor, on systems that have those.
    fn listed(&self) -> String;
}

/// A stream of std.
trait Peer: Read + Write + Send + Sized + 'static {
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;

    fn try_clone(&self) -> io::Result<Self>;
}

macro_rules! streams {
    ($ours:ty, $std:ty) => {
        impl Stream for $ours {
            fn io(&self) -> impl AsyncRead + AsyncWrite + Unpin {
                self
            }

            fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                self.shutdown(how)
            }

            #[cfg(unix)]
            fn listed(&self) -> String {
                format!(" fd {}", std::os::fd::AsRawFd::as_raw_fd(self))
            }

            #[cfg(not(unix))]
            fn listed(&self) -> String {
                " socket".to_owned()
            }
        }

        impl Peer for $std {
            fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                self.shutdown(how)
            }

            fn try_clone(&self) -> io::Result<Self> {
                self.try_clone()
            }
        }
    };
}

#[derive(Clone, Copy)]
struct Tcp;

streams!(TcpStream, std::net::TcpStream);

impl Kind for Tcp {
    type Stream = TcpStream;
    type Peer = std::net::TcpStream;

    async fn with_raw_peer(self) -> (TcpStream, std::net::TcpStream) {
        let (ours, theirs) = with_raw_peer().await;
        theirs.set_nodelay(true).unwrap();
        (ours, theirs)
    }

    async fn connected(self) -> (TcpStream, TcpStream) {
        connected().await
    }

    fn raw_pair(self) -> (std::net::TcpStream, std::net::TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let one = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (one, listener.accept().unwrap().0)
    }

    fn adopt(self, socket: std::net::TcpStream) -> TcpStream {
        TcpStream::from_std(socket).unwrap()
    }

    fn listed(self, peer: &std::net::TcpStream) -> String {
        format!(" ({})", peer.local_addr().unwrap())
    }
}

#[cfg(unix)]
#[derive(Clone, Copy)]
struct Unix;

#[cfg(unix)]
streams!(UnixStream, std::os::unix::net::UnixStream);

#[cfg(unix)]
impl Kind for Unix {
    type Stream = UnixStream;
    type Peer = std::os::unix::net::UnixStream;

    async fn with_raw_peer(self) -> (UnixStream, Self::Peer) {
        let (ours, theirs) = self.raw_pair();
        (self.adopt(ours), theirs)
    }

    async fn connected(self) -> (UnixStream, UnixStream) {
        UnixStream::pair().unwrap()
    }

    fn raw_pair(self) -> (Self::Peer, Self::Peer) {
        std::os::unix::net::UnixStream::pair().unwrap()
    }

    fn adopt(self, socket: Self::Peer) -> UnixStream {
        UnixStream::from_std(socket).unwrap()
    }

    fn listed(self, _: &Self::Peer) -> String {
        String::new()
    }
}

/// Makes of each test of the suite one for each kind of stream.
macro_rules! for_each_kind {
    ($($test:ident)*) => {
        mod tcp {
            $(
                #[test]
                fn $test() {
                    super::$test(super::Tcp);
                }
            )*
        }

        #[cfg(unix)]
        mod unix {
            $(
                #[test]
                fn $test() {
                    super::$test(super::Unix);
                }
            )*
        }
    };
}

for_each_kind! {
    c236_an_echo_of_any_size_gives_the_same_bytes_in_both_directions_at_once
    a_peer_that_reads_late_makes_a_large_write_wait_and_then_resume
    a_peer_that_sends_one_byte_at_a_time_is_read_to_the_end
    a_read_with_a_small_buffer_leaves_the_rest_for_the_next_one
    a_random_schedule_of_reads_and_writes_loses_and_changes_nothing
    an_end_that_arrives_with_the_last_data_is_seen_by_a_fresh_stream
    an_end_that_arrives_with_the_last_data_is_seen_by_a_reader_that_waits
    an_end_that_arrives_after_the_data_was_announced_and_before_it_is_read_is_seen
    an_end_that_comes_later_wakes_the_reader_that_waits_for_more
    an_end_is_seen_when_the_buffer_was_exactly_full
    c239_after_our_side_is_shut_the_peer_may_still_send_to_its_end
    after_the_peer_has_shut_its_side_we_may_still_send
    closing_twice_and_after_the_peer_has_gone_is_no_error
    shutting_the_reading_side_ends_the_read_that_waits
    vectored_writes_and_reads_fill_the_slices_in_their_order
    more_slices_than_the_system_takes_at_once_do_not_make_the_next_call_wait
    two_tasks_read_and_write_one_stream_at_once
    one_task_reads_and_writes_through_two_halves_at_once
    c248_two_tasks_that_read_one_stream_are_both_listed_and_served_in_their_order
    a_waiting_task_is_listed_with_the_address_of_the_peer
    c259_a_read_that_is_cancelled_leaves_its_bytes_to_the_next_one
    c259_a_task_that_is_cancelled_while_it_reads_leaves_its_bytes_to_the_next_one
    a_race_of_reads_drops_the_loser_and_keeps_its_bytes
    a_read_that_an_ended_task_gave_up_does_not_hide_a_stall
    c247_dropping_a_stream_wakes_the_task_that_waits_on_it
    c247_shutting_a_stream_ends_the_waits_of_other_tasks_in_both_directions
    c244_an_event_of_a_source_that_an_earlier_one_of_the_same_look_drops_is_ignored
    c245_events_of_a_dropped_source_do_not_reach_the_one_that_got_its_descriptor
    c242_a_reader_that_is_woken_for_nothing_waits_again
    a_reader_is_not_polled_for_what_happens_on_the_writing_side
    a_stream_that_is_always_readable_lets_the_others_run
    c257_lines_and_exact_reads_come_out_whole_however_the_bytes_arrive
    c253_the_end_of_a_loop_wakes_the_waiters_on_its_sockets
    c019_a_socket_of_an_ended_loop_does_not_disturb_the_one_with_its_key_on_the_next
    a_socket_works_on_its_own_runner_only_and_says_so_on_others
    a_runner_keeps_its_sockets_between_runs
}

/// A waker that counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll_read(stream: &impl Stream, waker: &Waker) -> Poll<io::Result<usize>> {
    let mut buffer = [0; 16];
    Pin::new(&mut stream.io()).poll_read(&mut Context::from_waker(waker), &mut buffer)
}

// ---- every byte arrives ---------------------------------------------------

fn c236_an_echo_of_any_size_gives_the_same_bytes_in_both_directions_at_once(kind: impl Kind) {
    run_to_end(move || async move {
        for size in [1, 64 * 1024 + 1, sized_by_build(10 << 20, 4 << 20, 4 << 20)] {
            let (client, server) = kind.connected().await;
            let server = spawn(echo(server));
            let sent = pattern(size);
            let (mut reader, mut writer) = (client.io(), client.io());
            let write = async {
                writer.write_all(&sent).await.unwrap();
                writer.close().await.unwrap();
            };
            let mut received = Vec::new();
            let (read, ()) = gather((reader.read_to_end(&mut received), write)).await;
            assert_eq!(read.unwrap(), size);
            assert!(received == sent, "{size} bytes came back changed");
            server.await.unwrap();
        }
    });
}

/// The writer is ahead of a reader that has not begun, so it must wait with a
/// part written, and resume from there.
fn a_peer_that_reads_late_makes_a_large_write_wait_and_then_resume(kind: impl Kind) {
    run_to_end(move || async move {
        const SIZE: usize = 10 * 1024 * 1024;
        let (ours, mut theirs) = kind.with_raw_peer().await;
        let start = format!("writable{}", ours.listed());
        let end = kind.listed(&theirs);
        let written = Rc::new(Cell::new(0));
        let writer = spawn({
            let written = written.clone();
            async move {
                let data = pattern(SIZE);
                let mut partial = 0;
                while written.get() < SIZE {
                    let rest = &data[written.get()..];
                    let length = ours.io().write(rest).await.unwrap();
                    assert_ne!(length, 0);
                    partial += usize::from(length < rest.len());
                    written.set(written.get() + length);
                }
                partial
            }
        });
        until_waiting(&writer).await;
        let waits: Vec<_> = described(&writer)
            .waits_for()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(waits.len(), 1);
        assert!(waits[0].starts_with(&start), "{waits:?}");
        assert!(waits[0].ends_with(&end), "{waits:?}");
        let first_part = written.get();
        assert!(0 < first_part && first_part < SIZE, "{first_part}");

        let received = to_thread(move || {
            let mut received = Vec::new();
            theirs.read_to_end(&mut received).unwrap();
            received
        });
        let (partial, received) = gather((writer, received)).await;
        assert!(partial.unwrap() > 0);
        assert!(received == pattern(SIZE));
    });
}

fn a_peer_that_sends_one_byte_at_a_time_is_read_to_the_end(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        let sender = to_thread(move || {
            for byte in pattern(2000) {
                theirs.write_all(&[byte]).unwrap();
            }
        });
        let mut received = Vec::new();
        let ((), read) = gather((sender, ours.io().read_to_end(&mut received))).await;
        assert_eq!(read.unwrap(), 2000);
        assert_eq!(received, pattern(2000));
    });
}

fn a_read_with_a_small_buffer_leaves_the_rest_for_the_next_one(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        theirs.write_all(&pattern(100)).unwrap();
        let mut received = Vec::new();
        while received.len() < 100 {
            received.extend(read_some(ours.io(), 7).await);
        }
        assert_eq!(received, pattern(100));
    });
}

fn a_random_schedule_of_reads_and_writes_loses_and_changes_nothing(kind: impl Kind) {
    must_end(move || {
        for seed in 0..256 {
            Runner::builder().seed(seed).build().run(async {
                let (one, two) = kind.connected().await;
                let total = 1 + Random::new(seed).below(4000);
                let ends = (
                    talk(one.io(), total, Random::new(seed * 4 + 1)),
                    listen(one.io(), Random::new(seed * 4 + 2)),
                    talk(two.io(), total, Random::new(seed * 4 + 3)),
                    listen(two.io(), Random::new(seed * 4 + 4)),
                );
                let ((), to_one, (), to_two) = gather(ends).await;
                assert!(to_one == pattern(total), "seed {seed}");
                assert!(to_two == pattern(total), "seed {seed}");
            });
        }
    });
}

/// Writes the pattern in pieces of random sizes, plain and vectored.
async fn talk(mut stream: impl AsyncWrite + Unpin, total: usize, mut random: Random) {
    let data = pattern(total);
    let mut rest = &data[..];
    while !rest.is_empty() {
        let (now, later) = rest.split_at(1 + random.below(rest.len().min(300)));
        let length = if random.below(2) == 0 {
            stream.write(now).await
        } else {
            let (a, b) = now.split_at(random.below(now.len()));
            stream
                .write_vectored(&[IoSlice::new(a), IoSlice::new(b)])
                .await
        }
        .unwrap();
        let _ = later;
        rest = &rest[length..];
        match random.below(8) {
            0 => sleep(Duration::from_micros(20)).await,
            1..4 => yield_now().await,
            _ => {}
        }
    }
    stream.close().await.unwrap();
}

/// Reads to the end with buffers of random sizes, plain, vectored, and after a
/// read that was given up.
async fn listen(mut stream: impl AsyncRead + Unpin, mut random: Random) -> Vec<u8> {
    let mut received = Vec::new();
    loop {
        let mut buffer = vec![0; 2 + random.below(300)];
        if random.below(4) == 0 {
            // Given up before it is done, if it is not done at once.
            if let Poll::Ready(length) = poll_once(&mut stream.read(&mut buffer)).await {
                let length = length.unwrap();
                received.extend_from_slice(&buffer[..length]);
                if length == 0 {
                    return received;
                }
            }
            continue;
        }
        let room = buffer.len();
        let (a, b) = buffer.split_at_mut(1 + random.below(room - 1));
        let length = if random.below(2) == 0 {
            let slices = &mut [IoSliceMut::new(a), IoSliceMut::new(b)];
            stream.read_vectored(slices).await
        } else {
            stream.read(&mut buffer).await
        }
        .unwrap();
        if length == 0 {
            return received;
        }
        received.extend_from_slice(&buffer[..length]);
        if random.below(3) == 0 {
            yield_now().await;
        }
    }
}

// ---- the end of a stream -------------------------------------------------

/// The poller is edge-triggered: it reports data and an end only once. A
/// read that gives less than asked for must not make the next one wait.
fn an_end_that_arrives_with_the_last_data_is_seen_by_a_fresh_stream(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        theirs.write_all(b"last").unwrap();
        drop(theirs);
        assert_eq!(read_some(ours.io(), 16).await, b"last");
        assert_eq!(read_some(ours.io(), 16).await, b"");
        assert_eq!(read_some(ours.io(), 16).await, b""); // and again
    });
}

fn an_end_that_arrives_with_the_last_data_is_seen_by_a_reader_that_waits(kind: impl Kind) {
    run_to_end(move || async move {
        for drops in [false, true] {
            let (ours, mut theirs) = kind.with_raw_peer().await;
            let reader = spawn(async move {
                let mut reads = Vec::new();
                loop {
                    reads.push(read_some(ours.io(), 16).await);
                    if reads.last().is_some_and(Vec::is_empty) {
                        return reads;
                    }
                }
            });
            until_waiting(&reader).await;
            theirs.write_all(b"last").unwrap();
            theirs.shutdown(Shutdown::Write).unwrap();
            let _open = (!drops).then_some(theirs);
            assert_eq!(reader.await.unwrap(), [&b"last"[..], b""]);
        }
    });
}

fn an_end_that_arrives_after_the_data_was_announced_and_before_it_is_read_is_seen(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        let mut buffer = [0; 16];
        assert!(
            poll_once(&mut ours.io().read(&mut buffer))
                .await
                .is_pending()
        );
        theirs.write_all(b"last").unwrap();
        let_the_loop_look().await;
        theirs.shutdown(Shutdown::Write).unwrap();
        let_the_loop_look().await;
        assert_eq!(read_some(ours.io(), 16).await, b"last");
        assert_eq!(read_some(ours.io(), 16).await, b"");
    });
}

fn an_end_that_comes_later_wakes_the_reader_that_waits_for_more(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        let reader = spawn(async move {
            let mut received = Vec::new();
            ours.io().read_to_end(&mut received).await.unwrap();
            received
        });
        theirs.write_all(b"some").unwrap();
        let_the_loop_look().await;
        until_waiting(&reader).await;
        drop(theirs);
        assert_eq!(reader.await.unwrap(), b"some");
    });
}

fn an_end_is_seen_when_the_buffer_was_exactly_full(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        let mut buffer = [0; 4];
        assert!(
            poll_once(&mut ours.io().read(&mut buffer))
                .await
                .is_pending()
        );
        theirs.write_all(b"full").unwrap();
        drop(theirs);
        assert_eq!(read_some(ours.io(), 4).await, b"full");
        assert_eq!(read_some(ours.io(), 4).await, b"");
    });
}

fn c239_after_our_side_is_shut_the_peer_may_still_send_to_its_end(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        ours.io().write_all(b"question").await.unwrap();
        ours.io().close().await.unwrap();
        let answer = to_thread(move || {
            let mut question = String::new();
            theirs.read_to_string(&mut question).unwrap();
            assert_eq!(question, "question");
            for byte in pattern(1000) {
                theirs.write_all(&[byte]).unwrap();
            }
        });
        let mut received = Vec::new();
        let ((), read) = gather((answer, ours.io().read_to_end(&mut received))).await;
        read.unwrap();
        assert_eq!(received, pattern(1000));
        let error = ours.io().write(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

fn after_the_peer_has_shut_its_side_we_may_still_send(kind: impl Kind) {
    run_to_end(move || async move {
        const SIZE: usize = 6 * 1024 * 1024;
        let (ours, mut theirs) = kind.with_raw_peer().await;
        theirs.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_some(ours.io(), 16).await, b"");
        let receiver = to_thread(move || {
            let mut received = Vec::new();
            theirs.read_to_end(&mut received).unwrap();
            received
        });
        let send = async {
            ours.io().write_all(&pattern(SIZE)).await.unwrap();
            ours.io().close().await.unwrap();
            assert_eq!(read_some(ours.io(), 16).await, b""); // still at its end
        };
        let (received, ()) = gather((receiver, send)).await;
        assert!(received == pattern(SIZE));
    });
}

fn closing_twice_and_after_the_peer_has_gone_is_no_error(kind: impl Kind) {
    run_to_end(move || async move {
        let (mut ours, theirs) = kind.with_raw_peer().await;
        ours.close().await.unwrap();
        ours.close().await.unwrap();
        drop(theirs);
        assert_eq!(read_some(ours.io(), 16).await, b"");
        ours.close().await.unwrap();
        ours.flush().await.unwrap();
    });
}

fn shutting_the_reading_side_ends_the_read_that_waits(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, _theirs) = kind.with_raw_peer().await;
        let ours = Rc::new(ours);
        let reader = spawn({
            let ours = ours.clone();
            async move { read_some(ours.io(), 16).await }
        });
        until_waiting(&reader).await;
        ours.shutdown(Shutdown::Read).unwrap();
        assert_eq!(reader.await.unwrap(), b"");
    });
}

// ---- vectored ------------------------------------------------------------

fn vectored_writes_and_reads_fill_the_slices_in_their_order(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        let slices = [b"one ".as_slice(), b"", b"two ", b"three"].map(IoSlice::new);
        let length = ours.io().write_vectored(&slices).await.unwrap();
        assert_eq!(length, 13);
        let mut received = [0; 13];
        theirs.read_exact(&mut received).unwrap();
        assert_eq!(&received, b"one two three");

        theirs.write_all(b"four five").unwrap();
        let (mut a, mut b) = ([0; 5], [0; 16]);
        let mut slices = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
        let length = ours.io().read_vectored(&mut slices).await.unwrap();
        assert_eq!(length, 9);
        assert_eq!((&a, &b[..4]), (b"four ", &b"five"[..]));
    });
}

/// The system takes 1024 slices at once. That it moved fewer bytes than were
/// offered does not mean that the socket is full, or empty.
fn more_slices_than_the_system_takes_at_once_do_not_make_the_next_call_wait(kind: impl Kind) {
    run_to_end(move || async move {
        const SLICES: usize = 3000;
        let (ours, mut theirs) = kind.with_raw_peer().await;
        let data = pattern(SLICES);
        let mut sent = 0;
        while sent < SLICES {
            let slices: Vec<_> = data[sent..].chunks(1).map(IoSlice::new).collect();
            sent += ours.io().write_vectored(&slices).await.unwrap();
        }
        let mut received = vec![0; SLICES];
        theirs.read_exact(&mut received).unwrap();
        assert_eq!(received, data);

        theirs.write_all(&data).unwrap();
        let_the_loop_look().await;
        let mut received = vec![0; SLICES];
        let mut length = 0;
        while length < SLICES {
            let mut slices: Vec<_> = received[length..]
                .chunks_mut(1)
                .map(IoSliceMut::new)
                .collect();
            length += ours.io().read_vectored(&mut slices).await.unwrap();
        }
        assert_eq!(received, data);
    });
}

// ---- one stream, two tasks -----------------------------------------------

fn two_tasks_read_and_write_one_stream_at_once(kind: impl Kind) {
    run_to_end(move || async move {
        const SIZE: usize = 4 * 1024 * 1024;
        let (ours, server) = kind.connected().await;
        let server = spawn(echo(server));
        let ours = Rc::new(ours);
        let reader = spawn({
            let ours = ours.clone();
            async move {
                let mut received = Vec::new();
                ours.io().read_to_end(&mut received).await.unwrap();
                received
            }
        });
        until_waiting(&reader).await;
        let writer = spawn(async move {
            ours.io().write_all(&pattern(SIZE)).await.unwrap();
            ours.io().close().await.unwrap();
        });
        let (received, written, served) = gather((reader, writer, server)).await;
        written.unwrap();
        served.unwrap();
        assert!(received.unwrap() == pattern(SIZE));
    });
}

fn one_task_reads_and_writes_through_two_halves_at_once(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, server) = kind.connected().await;
        let _server = spawn(echo(server)).cancel_on_drop();
        let (mut reader, mut writer) = (ours.io(), ours.io());
        for round in 0..100_u8 {
            let (question, mut answer) = ([round, 1, 2], [0; 3]);
            let exchange = (reader.read_exact(&mut answer), writer.write_all(&question));
            let (read, written) = gather(exchange).await;
            read.unwrap();
            written.unwrap();
            assert_eq!(answer, question);
        }
    });
}

fn c248_two_tasks_that_read_one_stream_are_both_listed_and_served_in_their_order(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        let ours = Rc::new(ours);
        let seen = Log::new();
        let read = |name: &'static str| {
            let (ours, seen) = (ours.clone(), seen.clone());
            spawn(async move {
                let bytes = read_some(ours.io(), 16).await;
                seen.push(format_args!("{name} {bytes:?}"));
            })
        };
        let first = read("first");
        until_waiting(&first).await;
        let second = read("second");
        until_waiting(&second).await;
        assert_eq!(described(&first).state(), TaskState::Waiting);
        theirs.write_all(&[1]).unwrap();
        first.await.unwrap();
        assert_eq!(described(&second).state(), TaskState::Waiting);
        theirs.write_all(&[2]).unwrap();
        second.await.unwrap();
        assert_eq!(seen.take(), ["first [1]", "second [2]"]);
    });
}

fn a_waiting_task_is_listed_with_the_address_of_the_peer(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, theirs) = kind.with_raw_peer().await;
        let peer = kind.listed(&theirs);
        let ours_listed = ours.listed();
        let reader = executor::spawn_named("reader", async move { read_some(ours.io(), 1).await });
        until_waiting(&reader).await;
        let text = described(&reader).to_string();
        let end = format!("waits for readable{ours_listed}{peer}");
        assert!(text.ends_with(&end), "{text}");
        assert!(text.contains("\"reader\""), "{text}");
        drop(theirs);
        reader.await.unwrap();
    });
}

// ---- giving up -----------------------------------------------------------

fn c259_a_read_that_is_cancelled_leaves_its_bytes_to_the_next_one(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        for round in 0..50_u8 {
            let mut buffer = [0; 16];
            let given_up = timeout(Duration::ZERO, ours.io().read(&mut buffer)).await;
            assert!(given_up.is_err(), "round {round}");
            theirs.write_all(&[round; 3]).unwrap();
            assert_eq!(read_some(ours.io(), 16).await, [round; 3]);
        }
    });
}

fn c259_a_task_that_is_cancelled_while_it_reads_leaves_its_bytes_to_the_next_one(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        let ours = Rc::new(ours);
        let reader = || {
            let ours = ours.clone();
            spawn(async move { read_some(ours.io(), 16).await })
        };
        let first = reader();
        until_waiting(&first).await;
        theirs.write_all(b"bytes").unwrap();
        first.cancel();
        assert!(first.await.unwrap_err().is_cancelled());
        assert_eq!(reader().await.unwrap(), b"bytes");
        assert_eq!(Rc::strong_count(&ours), 1);
    });
}

fn a_race_of_reads_drops_the_loser_and_keeps_its_bytes(kind: impl Kind) {
    run_to_end(move || async move {
        let (one, mut to_one) = kind.with_raw_peer().await;
        let (two, mut to_two) = kind.with_raw_peer().await;
        for round in 0..20_u8 {
            to_two.write_all(&[round]).unwrap();
            let (winner, bytes) = race([read_some(one.io(), 1), read_some(two.io(), 1)]).await;
            assert_eq!((winner, bytes), (1, vec![round]));
        }
        to_one.write_all(b"x").unwrap();
        assert_eq!(read_some(one.io(), 16).await, b"x");
    });
}

/// A read through `AsyncRead` has no destructor that could take the wait back.
fn a_read_that_an_ended_task_gave_up_does_not_hide_a_stall(kind: impl Kind) {
    must_end(move || {
        let result = try_run(async {
            let (stream, _theirs) = kind.with_raw_peer().await;
            let stream = Rc::new(stream);
            let reader = stream.clone();
            let task = spawn(async move {
                let mut buffer = [0; 16];
                let given_up = timeout(Duration::ZERO, reader.io().read(&mut buffer)).await;
                assert!(given_up.is_err());
            });
            task.await.unwrap();
            pending::<()>().await;
        });
        assert!(matches!(result, Err(RunError::Stalled { .. })));
    });
}

// ---- dropping a stream on which a task waits -----------------------------

/// Reads a byte; returns `None` at the end, or once the stream is dropped.
async fn read_weakly(stream: Weak<impl Stream>) -> Option<u8> {
    poll_fn(|cx| {
        let Some(stream) = stream.upgrade() else {
            return Poll::Ready(None);
        };
        let mut byte = [0];
        let read = Pin::new(&mut stream.io()).poll_read(cx, &mut byte);
        read.map(|length| (length.unwrap() == 1).then_some(byte[0]))
    })
    .await
}

fn c247_dropping_a_stream_wakes_the_task_that_waits_on_it(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, _theirs) = kind.with_raw_peer().await;
        let ours = Rc::new(ours);
        let reader = spawn(read_weakly(Rc::downgrade(&ours)));
        until_waiting(&reader).await;
        drop(ours);
        assert_eq!(reader.await.unwrap(), None);
    });
}

fn c247_shutting_a_stream_ends_the_waits_of_other_tasks_in_both_directions(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, _theirs) = kind.with_raw_peer().await;
        let ours = Rc::new(ours);
        let reader = spawn({
            let ours = ours.clone();
            async move { read_some(ours.io(), 16).await }
        });
        let writer = spawn({
            let ours = ours.clone();
            async move { ours.io().write_all(&vec![0; 10 * 1024 * 1024]).await }
        });
        until_waiting(&reader).await;
        until_waiting(&writer).await;
        ours.shutdown(Shutdown::Both).unwrap();
        assert_eq!(reader.await.unwrap(), b"");
        let error = writer.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

/// Both events are in one look at the poller; what the first one's task does
/// makes the second one stale.
fn c244_an_event_of_a_source_that_an_earlier_one_of_the_same_look_drops_is_ignored(
    kind: impl Kind,
) {
    run_to_end(move || async move {
        for _ in 0..20 {
            let (one, mut to_one) = kind.with_raw_peer().await;
            let (two, mut to_two) = kind.with_raw_peer().await;
            let both = Rc::new(RefCell::new(vec![Rc::new(one), Rc::new(two)]));
            // Whichever is first drops both, so the other one finds nothing.
            let reader = |n: usize| {
                let stream = Rc::downgrade(&both.borrow()[n]);
                let both = both.clone();
                spawn(async move {
                    let byte = read_weakly(stream).await;
                    both.borrow_mut().clear();
                    byte
                })
            };
            let (first, second) = (reader(0), reader(1));
            until_waiting(&first).await;
            until_waiting(&second).await;
            to_one.write_all(&[1]).unwrap();
            to_two.write_all(&[2]).unwrap();
            let (first, second) = gather((first, second)).await;
            let bytes = [first.unwrap(), second.unwrap()];
            assert!(
                bytes == [Some(1), None] || bytes == [None, Some(2)],
                "{bytes:?}"
            );
        }
    });
}

/// A clone keeps the old socket open, so its events end only if it is removed from
/// the poller.
fn c245_events_of_a_dropped_source_do_not_reach_the_one_that_got_its_descriptor(kind: impl Kind) {
    run_to_end(move || async move {
        for _ in 0..20 {
            let (ours, mut theirs) = kind.with_raw_peer().await;
            drop(ours);
            let (mut client, accepted) = kind.raw_pair();
            let kept_open = accepted.try_clone().unwrap();
            let old = kind.adopt(accepted);
            assert_eq!(theirs.read(&mut [0]).unwrap(), 0);

            client.write_all(b"for the old one").unwrap();
            drop(old);
            // The lowest free descriptor is the old one's.
            let (mut to_new, new) = kind.raw_pair();
            let new = kind.adopt(new);
            let polls = Count::default();
            let reader = spawn(counted(
                &polls,
                async move { read_some(new.io(), 64).await },
            ));
            until_waiting(&reader).await;
            client.write_all(b"more of it").unwrap();
            let_the_loop_look().await;
            assert_eq!(polls.get(), 1);
            to_new.write_all(b"for the new one").unwrap();
            assert_eq!(reader.await.unwrap(), b"for the new one");
            drop(kept_open);
        }
    });
}

// ---- readiness -----------------------------------------------------------

/// The reader is woken for a byte that another reader takes first.
fn c242_a_reader_that_is_woken_for_nothing_waits_again(kind: impl Kind) {
    run_to_end(move || async move {
        let (mut theirs, accepted) = kind.raw_pair();
        let mut thief = accepted.try_clone().unwrap();
        let ours = kind.adopt(accepted);
        let polls = Count::default();
        let reader = spawn(counted(
            &polls,
            async move { read_some(ours.io(), 16).await },
        ));
        until_waiting(&reader).await;
        theirs.write_all(b"x").unwrap();
        // The queue holds this task before the reader.
        while described(&reader).state() != TaskState::Ready {
            yield_now().await;
        }
        assert_eq!(thief.read(&mut [0; 16]).unwrap(), 1);
        let_the_loop_look().await;
        assert_eq!(described(&reader).state(), TaskState::Waiting);
        theirs.write_all(b"y").unwrap();
        assert_eq!(reader.await.unwrap(), b"y");
        // The first poll, one for nothing, and one for the byte.
        assert_eq!(polls.get(), 3);
    });
}

fn a_reader_is_not_polled_for_what_happens_on_the_writing_side(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        let ours = Rc::new(ours);
        let polls = Count::default();
        let reader = spawn(counted(&polls, {
            let ours = ours.clone();
            async move { read_some(ours.io(), 16).await }
        }));
        until_waiting(&reader).await;
        let writer = spawn(async move { ours.io().write_all(&pattern(5_000_000)).await });
        let receiver = to_thread(move || {
            let mut received = vec![0; 5_000_000];
            theirs.read_exact(&mut received).unwrap();
            (theirs, received)
        });
        let (written, (mut theirs, received)) = gather((writer, receiver)).await;
        written.unwrap().unwrap();
        assert!(received == pattern(5_000_000));
        assert_eq!(polls.get(), 1);
        theirs.write_all(b"x").unwrap();
        assert_eq!(reader.await.unwrap(), b"x");
        assert_eq!(polls.get(), 2);
    });
}

fn a_stream_that_is_always_readable_lets_the_others_run(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        theirs.write_all(&pattern(10_000)).unwrap();
        let other = Count::default();
        let counter = spawn({
            let other = other.clone();
            async move {
                loop {
                    other.add();
                    yield_now().await;
                }
            }
        });
        for _ in 0..10_000 {
            assert_eq!(read_some(ours.io(), 1).await.len(), 1);
        }
        // A poll may read 128 times.
        assert!(other.get() >= 10_000 / 128, "{} polls", other.get());
        counter.cancel();
    });
}

/// The buffered reader is that of futures. A stream of this runtime behaves under
/// it as `StreamReader` of asyncio does.
fn c257_lines_and_exact_reads_come_out_whole_however_the_bytes_arrive(kind: impl Kind) {
    run_to_end(move || async move {
        let (ours, mut theirs) = kind.with_raw_peer().await;
        let mut reader = BufReader::new(ours.io());
        let mut line = Vec::new();

        // A separator of which each byte comes alone: nothing is ready between.
        for byte in [b"ab", b"c\r", b"\nd"] {
            {
                let mut wait = Box::pin(reader.read_until(b'\n', &mut line));
                assert!(poll_once(&mut wait).await.is_pending());
            }
            theirs.write_all(byte).unwrap();
        }
        reader.read_until(b'\n', &mut line).await.unwrap();
        assert_eq!(
            line, b"abc\r\n",
            "what was read before a wait was given up is kept"
        );

        // A limit ends the read, and the bytes after it are kept.
        theirs.write_all(b"efgh\n").unwrap();
        let mut limited = Vec::new();
        let mut head = (&mut reader).take(3);
        head.read_until(b'\n', &mut limited).await.unwrap();
        assert_eq!(limited, b"def");

        // The end in the middle: an error, and the bytes that came are given.
        drop(theirs);
        let mut exact = [0; 8];
        let error = reader.read_exact(&mut exact).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(&exact[..3], b"gh\n");
    });
}

const ENDED: &str = "the loop that this socket belongs to has ended";
const ELSEWHERE: &str = "this socket belongs to another loop than the one that runs here";

// ---- the end of the loop -------------------------------------------------

/// The waker is a foreign one, so it can be woken after the tasks are dropped.
fn c253_the_end_of_a_loop_wakes_the_waiters_on_its_sockets(kind: impl Kind) {
    must_end(move || {
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        let mut runner = Runner::new();
        let (stream, _theirs) = runner.run(async {
            let (stream, theirs) = kind.with_raw_peer().await;
            assert!(poll_read(&stream, &waker).is_pending());
            (stream, theirs)
        });
        assert_eq!(wakes.0.load(Ordering::SeqCst), 0);
        runner.close();
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
        let Poll::Ready(Err(error)) = poll_read(&stream, &waker) else {
            panic!("expected an error");
        };
        assert_eq!(error.to_string(), ENDED);
    });
}

fn c019_a_socket_of_an_ended_loop_does_not_disturb_the_one_with_its_key_on_the_next(
    kind: impl Kind,
) {
    must_end(move || {
        let (old, _theirs) = run(kind.with_raw_peer());
        run(async {
            let (new, mut theirs) = kind.with_raw_peer().await;
            let polls = Count::default();
            let reader = spawn(counted(
                &polls,
                async move { read_some(new.io(), 16).await },
            ));
            until_waiting(&reader).await;
            let error = old.io().read(&mut [0]).await.unwrap_err();
            assert_eq!(error.to_string(), ENDED);
            drop(old);
            let_the_loop_look().await;
            assert_eq!(polls.get(), 1);
            theirs.write_all(b"new").unwrap();
            assert_eq!(reader.await.unwrap(), b"new");
        });
    });
}

fn a_socket_works_on_its_own_runner_only_and_says_so_on_others(kind: impl Kind) {
    must_end(move || {
        let (mut home, mut abroad) = (Runner::new(), Runner::new());
        let (stream, mut theirs) = home.run(kind.with_raw_peer());
        home.run(async {
            // The budget that a run leaves must not make another loop wait.
            theirs.write_all(&[0; 128]).unwrap();
            yield_now().await;
            for _ in 0..128 {
                read_some(stream.io(), 1).await;
            }
        });
        theirs.write_all(b"bytes").unwrap();
        let error = abroad.run(async { stream.io().read(&mut [0]).await.unwrap_err() });
        assert_eq!(error.to_string(), ELSEWHERE);
        let error = futures::executor::block_on(async { stream.io().read(&mut [0]).await });
        assert_eq!(error.unwrap_err().to_string(), ELSEWHERE);
        assert_eq!(home.run(read_some(stream.io(), 16)), b"bytes");
        abroad.run(async { drop(stream) });
        assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
    });
}

fn a_runner_keeps_its_sockets_between_runs(kind: impl Kind) {
    must_end(move || {
        let mut runner = Runner::new();
        let (stream, mut theirs) = runner.run(kind.with_raw_peer());
        let reader = runner.spawn(async move { read_some(stream.io(), 16).await });
        runner.run(yield_now());
        theirs.write_all(b"between").unwrap();
        assert_eq!(runner.run(reader).unwrap(), b"between");
    });
}
