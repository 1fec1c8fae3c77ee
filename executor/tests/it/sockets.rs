//! TCP and the reactor: every byte arrives once and in order, every wait on a
//! socket ends or is reported, and sockets hide neither timers nor mail nor
//! other tasks.
//!
//! Many tests hold the other end as a plain socket of std's. What it sends
//! stays with the kernel until the loop looks, so a test decides what one look
//! at the poller finds.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use executor::instrument::{Event, Recorder};
use executor::net::{TcpListener, TcpStream, UdpSocket, lookup_host};
use executor::{
    Handle, JoinHandle, RunError, Runner, TaskInfo, TaskState, gather, now, race, run, sleep,
    sleep_until, spawn, tasks, timeout, to_thread, try_run, yield_now,
};
use futures::StreamExt;
use futures::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::common::{Count, Log, count, counted, poll_once, polls_of, virtual_runner};

const MS: Duration = Duration::from_millis(1);

/// After so many polls the loop looks at the poller, though more tasks are
/// ready (DESIGN, section 3).
const POLLS_BETWEEN_LOOKS: u32 = 61;

// ---- what the tests of sockets share --------------------------------------

/// Runs a program on a thread and fails if it never ends: for those whose bug
/// would be a hang.
#[track_caller]
pub(crate) fn must_end(program: impl FnOnce() + Send + 'static) {
    let (ended, has_ended) = mpsc::channel();
    let thread = thread::spawn(move || {
        program();
        let _ = ended.send(());
    });
    match has_ended.recv_timeout(Duration::from_secs(60)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the program hangs"),
        _ => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
    }
}

/// Runs a future that must end, with the clock of the machine.
#[track_caller]
pub(crate) fn run_to_end<F: Future<Output = ()>>(make: impl FnOnce() -> F + Send + 'static) {
    must_end(|| run(make()));
}

/// A stream of ours and the other end of it, in the hands of the test.
pub(crate) async fn with_raw_peer() -> (TcpStream, std::net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().await.unwrap();
    (ours, theirs)
}

/// Two streams of ours that are connected with each other.
pub(crate) async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (client, accepted) = gather((TcpStream::connect(addr), listener.accept())).await;
    (client.unwrap(), accepted.unwrap().0)
}

/// Waits until nobody listens there any more. Not at once: a child process that
/// another test starts has the listener too, until its own program begins.
pub(crate) async fn must_be_refused(address: SocketAddr) {
    loop {
        match TcpStream::connect(address).await {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return,
            _ => sleep(MS).await,
        }
    }
}

/// Bytes that tell their own place in a stream.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

pub(crate) async fn read_some(mut stream: impl AsyncRead + Unpin, room: usize) -> Vec<u8> {
    let mut buffer = vec![0; room];
    let length = stream.read(&mut buffer).await.expect("the stream reads");
    buffer.truncate(length);
    buffer
}

/// What the loop says of a task.
pub(crate) fn described<T>(task: &JoinHandle<T>) -> TaskInfo {
    let mut all = tasks().into_iter();
    all.find(|info| info.id() == task.id())
        .expect("the task is alive")
}

/// Lets the others run until a task waits for something.
pub(crate) async fn until_waiting<T>(task: &JoinHandle<T>) {
    while described(task).state() != TaskState::Waiting {
        yield_now().await;
    }
}

/// Lets the loop park and look at its poller a few times.
async fn let_the_loop_look() {
    for _ in 0..3 {
        sleep(MS).await;
    }
}

/// Numbers that are the same in each run of the tests.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }
}

/// A waker that counts.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls a read by hand.
fn poll_read(stream: &TcpStream, waker: &Waker) -> Poll<io::Result<usize>> {
    let mut stream = stream;
    let mut buffer = [0; 16];
    Pin::new(&mut stream).poll_read(&mut Context::from_waker(waker), &mut buffer)
}

// ---- every byte arrives ---------------------------------------------------

async fn echo(stream: TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = (&stream).read(&mut buffer).await.unwrap();
        if length == 0 {
            break;
        }
        (&stream).write_all(&buffer[..length]).await.unwrap();
    }
    (&stream).close().await.unwrap();
}

#[test]
fn c236_an_echo_of_any_size_gives_the_same_bytes_in_both_directions_at_once() {
    run_to_end(|| async {
        for size in [1, 64 * 1024 + 1, 10 * 1024 * 1024] {
            let (client, server) = connected().await;
            let server = spawn(echo(server));
            let sent = pattern(size);
            let (mut reader, mut writer) = (&client, &client);
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
/// part written, and go on from there.
#[test]
fn a_peer_that_reads_late_makes_a_large_write_wait_and_then_resume() {
    run_to_end(|| async {
        const SIZE: usize = 10 * 1024 * 1024;
        let (ours, mut theirs) = with_raw_peer().await;
        let peer = ours.peer_addr().unwrap();
        let written = Rc::new(Cell::new(0));
        let writer = spawn({
            let written = written.clone();
            async move {
                let data = pattern(SIZE);
                let mut partial = 0;
                while written.get() < SIZE {
                    let rest = &data[written.get()..];
                    let length = (&ours).write(rest).await.unwrap();
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
        let end = format!(" ({peer})");
        assert_eq!(waits.len(), 1);
        assert!(waits[0].starts_with("writable fd "), "{waits:?}");
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

#[test]
fn a_peer_that_sends_one_byte_at_a_time_is_read_to_the_end() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        theirs.set_nodelay(true).unwrap();
        let sender = to_thread(move || {
            for byte in pattern(2000) {
                theirs.write_all(&[byte]).unwrap();
            }
        });
        let mut received = Vec::new();
        let ((), read) = gather((sender, (&ours).read_to_end(&mut received))).await;
        assert_eq!(read.unwrap(), 2000);
        assert_eq!(received, pattern(2000));
    });
}

#[test]
fn a_read_with_a_small_buffer_leaves_the_rest_for_the_next_one() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        theirs.write_all(&pattern(100)).unwrap();
        let mut received = Vec::new();
        while received.len() < 100 {
            received.extend(read_some(&ours, 7).await);
        }
        assert_eq!(received, pattern(100));
    });
}

#[test]
fn a_random_schedule_of_reads_and_writes_loses_and_changes_nothing() {
    must_end(|| {
        for seed in 0..256 {
            Runner::builder().seed(seed).build().run(async {
                let (one, two) = connected().await;
                let total = 1 + Random::new(seed).below(4000);
                let ends = (
                    talk(&one, total, Random::new(seed * 4 + 1)),
                    listen(&one, Random::new(seed * 4 + 2)),
                    talk(&two, total, Random::new(seed * 4 + 3)),
                    listen(&two, Random::new(seed * 4 + 4)),
                );
                let ((), to_one, (), to_two) = gather(ends).await;
                assert!(to_one == pattern(total), "seed {seed}");
                assert!(to_two == pattern(total), "seed {seed}");
            });
        }
    });
}

/// Writes the pattern in pieces of random sizes, plain and vectored.
async fn talk(mut stream: &TcpStream, total: usize, mut random: Random) {
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
async fn listen(mut stream: &TcpStream, mut random: Random) -> Vec<u8> {
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

// ---- the end of a stream --------------------------------------------------

/// Edge-triggered, the kernel says only once that there is data and an end. A
/// read that gives less than asked for must not make the next one wait.
#[test]
fn an_end_that_arrives_with_the_last_data_is_seen_by_a_fresh_stream() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        theirs.write_all(b"last").unwrap();
        drop(theirs);
        assert_eq!(read_some(&ours, 16).await, b"last");
        assert_eq!(read_some(&ours, 16).await, b"");
        assert_eq!(read_some(&ours, 16).await, b""); // and again
    });
}

#[test]
fn an_end_that_arrives_with_the_last_data_is_seen_by_a_reader_that_waits() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let reader = spawn(async move {
            let mut reads = Vec::new();
            loop {
                reads.push(read_some(&ours, 16).await);
                if reads.last().is_some_and(Vec::is_empty) {
                    return reads;
                }
            }
        });
        until_waiting(&reader).await;
        theirs.write_all(b"last").unwrap();
        theirs.shutdown(Shutdown::Write).unwrap();
        assert_eq!(reader.await.unwrap(), [&b"last"[..], b""]);
    });
}

#[test]
fn an_end_that_arrives_after_the_data_was_announced_and_before_it_is_read_is_seen() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let mut buffer = [0; 16];
        assert!(poll_once(&mut (&ours).read(&mut buffer)).await.is_pending());
        theirs.write_all(b"last").unwrap();
        let_the_loop_look().await;
        theirs.shutdown(Shutdown::Write).unwrap();
        let_the_loop_look().await;
        assert_eq!(read_some(&ours, 16).await, b"last");
        assert_eq!(read_some(&ours, 16).await, b"");
    });
}

#[test]
fn an_end_that_comes_later_wakes_the_reader_that_waits_for_more() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let reader = spawn(async move {
            let mut received = Vec::new();
            (&ours).read_to_end(&mut received).await.unwrap();
            received
        });
        theirs.write_all(b"some").unwrap();
        let_the_loop_look().await;
        until_waiting(&reader).await;
        drop(theirs);
        assert_eq!(reader.await.unwrap(), b"some");
    });
}

#[test]
fn an_end_is_seen_when_the_buffer_was_exactly_full() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let mut buffer = [0; 4];
        assert!(poll_once(&mut (&ours).read(&mut buffer)).await.is_pending());
        theirs.write_all(b"full").unwrap();
        drop(theirs);
        assert_eq!(read_some(&ours, 4).await, b"full");
        assert_eq!(read_some(&ours, 4).await, b"");
    });
}

#[test]
fn c239_after_our_side_is_shut_the_peer_may_still_send_to_its_end() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        (&ours).write_all(b"question").await.unwrap();
        (&ours).close().await.unwrap();
        let answer = to_thread(move || {
            let mut question = String::new();
            theirs.read_to_string(&mut question).unwrap();
            assert_eq!(question, "question");
            for byte in pattern(1000) {
                theirs.write_all(&[byte]).unwrap();
            }
        });
        let mut received = Vec::new();
        let ((), read) = gather((answer, (&ours).read_to_end(&mut received))).await;
        read.unwrap();
        assert_eq!(received, pattern(1000));
        let error = (&ours).write(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn after_the_peer_has_shut_its_side_we_may_still_send() {
    run_to_end(|| async {
        const SIZE: usize = 6 * 1024 * 1024;
        let (ours, mut theirs) = with_raw_peer().await;
        theirs.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_some(&ours, 16).await, b"");
        let receiver = to_thread(move || {
            let mut received = Vec::new();
            theirs.read_to_end(&mut received).unwrap();
            received
        });
        let send = async {
            (&ours).write_all(&pattern(SIZE)).await.unwrap();
            (&ours).close().await.unwrap();
            assert_eq!(read_some(&ours, 16).await, b""); // still at its end
        };
        let (received, ()) = gather((receiver, send)).await;
        assert!(received == pattern(SIZE));
    });
}

#[test]
fn closing_twice_and_after_the_peer_has_gone_is_no_error() {
    run_to_end(|| async {
        let (mut ours, theirs) = with_raw_peer().await;
        ours.close().await.unwrap();
        ours.close().await.unwrap();
        drop(theirs);
        assert_eq!(read_some(&ours, 16).await, b"");
        ours.close().await.unwrap();
        ours.flush().await.unwrap();
    });
}

#[test]
fn shutting_the_reading_side_ends_the_read_that_waits() {
    run_to_end(|| async {
        let (ours, _theirs) = with_raw_peer().await;
        let ours = Rc::new(ours);
        let reader = spawn({
            let ours = ours.clone();
            async move { read_some(&*ours, 16).await }
        });
        until_waiting(&reader).await;
        ours.shutdown(Shutdown::Read).unwrap();
        assert_eq!(reader.await.unwrap(), b"");
    });
}

// ---- vectored -------------------------------------------------------------

#[test]
fn vectored_writes_and_reads_fill_the_slices_in_their_order() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let slices = [b"one ".as_slice(), b"", b"two ", b"three"].map(IoSlice::new);
        let length = (&ours).write_vectored(&slices).await.unwrap();
        assert_eq!(length, 13);
        let mut received = [0; 13];
        theirs.read_exact(&mut received).unwrap();
        assert_eq!(&received, b"one two three");

        theirs.write_all(b"four five").unwrap();
        let (mut a, mut b) = ([0; 5], [0; 16]);
        let mut slices = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
        let length = (&ours).read_vectored(&mut slices).await.unwrap();
        assert_eq!(length, 9);
        assert_eq!((&a, &b[..4]), (b"four ", &b"five"[..]));
    });
}

/// The system takes 1024 slices at once. That it moved fewer bytes than were
/// offered does not mean that the socket is full, or empty.
#[test]
fn more_slices_than_the_system_takes_at_once_do_not_make_the_next_call_wait() {
    run_to_end(|| async {
        const SLICES: usize = 3000;
        let (ours, mut theirs) = with_raw_peer().await;
        let data = pattern(SLICES);
        let mut sent = 0;
        while sent < SLICES {
            let slices: Vec<_> = data[sent..].chunks(1).map(IoSlice::new).collect();
            sent += (&ours).write_vectored(&slices).await.unwrap();
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
            length += (&ours).read_vectored(&mut slices).await.unwrap();
        }
        assert_eq!(received, data);
    });
}

// ---- one stream, two tasks ------------------------------------------------

#[test]
fn two_tasks_read_and_write_one_stream_at_once() {
    run_to_end(|| async {
        const SIZE: usize = 4 * 1024 * 1024;
        let (ours, server) = connected().await;
        let server = spawn(echo(server));
        let ours = Rc::new(ours);
        let reader = spawn({
            let ours = ours.clone();
            async move {
                let mut received = Vec::new();
                (&*ours).read_to_end(&mut received).await.unwrap();
                received
            }
        });
        until_waiting(&reader).await;
        let writer = spawn(async move {
            (&*ours).write_all(&pattern(SIZE)).await.unwrap();
            (&*ours).close().await.unwrap();
        });
        let (received, written, served) = gather((reader, writer, server)).await;
        written.unwrap();
        served.unwrap();
        assert!(received.unwrap() == pattern(SIZE));
    });
}

#[test]
fn one_task_reads_and_writes_through_two_halves_at_once() {
    run_to_end(|| async {
        let (ours, server) = connected().await;
        let _server = spawn(echo(server)).cancel_on_drop();
        let (mut reader, mut writer) = (&ours, &ours);
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

/// Documented at `TcpStream`. The one that is not woken is not left in
/// silence: it is listed as stuck, and the loop reports a stall.
#[test]
fn c248_of_two_tasks_that_wait_to_read_the_second_is_woken_and_the_first_is_reported() {
    must_end(|| {
        let seen = Log::new();
        let result = {
            let seen = seen.clone();
            try_run(async move {
                let (ours, mut theirs) = with_raw_peer().await;
                let ours = Rc::new(ours);
                let read = |name: &'static str| {
                    let (ours, seen) = (ours.clone(), seen.clone());
                    executor::spawn_named(name, async move {
                        let bytes = read_some(&*ours, 16).await;
                        seen.push(format_args!("{name} {bytes:?}"));
                    })
                };
                let first = read("first");
                until_waiting(&first).await;
                let second = read("second");
                until_waiting(&second).await;
                assert_eq!(described(&first).state(), TaskState::Unwakeable);
                theirs.write_all(&[1]).unwrap();
                second.await.unwrap();
                theirs.write_all(&[2]).unwrap();
                first.await.unwrap();
            })
        };
        let Err(RunError::Stalled { tasks, .. }) = result else {
            panic!("expected a stall");
        };
        assert_eq!(seen.take(), ["second [1]"]);
        let first = tasks.iter().find(|task| task.name() == "first").unwrap();
        assert_eq!(first.state(), TaskState::Unwakeable);
    });
}

#[test]
fn a_waiting_task_is_listed_with_the_address_of_the_peer() {
    run_to_end(|| async {
        let (ours, theirs) = with_raw_peer().await;
        let peer = theirs.local_addr().unwrap();
        let fd = ours.as_raw_fd();
        let reader = executor::spawn_named("reader", async move { read_some(&ours, 1).await });
        until_waiting(&reader).await;
        let text = described(&reader).to_string();
        let end = format!("waits for readable fd {fd} ({peer})");
        assert!(text.ends_with(&end), "{text}");
        assert!(text.contains("\"reader\""), "{text}");
        drop(theirs);
        reader.await.unwrap();
    });
}

// ---- giving up ------------------------------------------------------------

#[test]
fn c259_a_read_that_is_cancelled_leaves_its_bytes_to_the_next_one() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        for round in 0..50_u8 {
            let mut buffer = [0; 16];
            let given_up = timeout(Duration::ZERO, (&ours).read(&mut buffer)).await;
            assert!(given_up.is_err(), "round {round}");
            theirs.write_all(&[round; 3]).unwrap();
            assert_eq!(read_some(&ours, 16).await, [round; 3]);
        }
    });
}

#[test]
fn c259_a_task_that_is_cancelled_while_it_reads_leaves_its_bytes_to_the_next_one() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let ours = Rc::new(ours);
        let reader = || {
            let ours = ours.clone();
            spawn(async move { read_some(&*ours, 16).await })
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

/// Otherwise the loop would take it for a wait that may still end, and would
/// sleep for ever where it can say that it has stalled.
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
fn a_race_of_reads_drops_the_loser_and_keeps_its_bytes() {
    run_to_end(|| async {
        let (one, mut to_one) = with_raw_peer().await;
        let (two, mut to_two) = with_raw_peer().await;
        for round in 0..20_u8 {
            to_two.write_all(&[round]).unwrap();
            let (winner, bytes) = race([read_some(&one, 1), read_some(&two, 1)]).await;
            assert_eq!((winner, bytes), (1, vec![round]));
        }
        to_one.write_all(b"x").unwrap();
        assert_eq!(read_some(&one, 16).await, b"x");
    });
}

// ---- dropping while somebody waits ----------------------------------------

/// Reads as long as the stream is there; says what came, or that it is gone.
async fn read_weakly(stream: Weak<TcpStream>) -> Option<u8> {
    poll_fn(|cx| {
        let Some(stream) = stream.upgrade() else {
            return Poll::Ready(None);
        };
        let (mut stream, mut byte) = (&*stream, [0]);
        let read = Pin::new(&mut stream).poll_read(cx, &mut byte);
        read.map(|length| (length.unwrap() == 1).then_some(byte[0]))
    })
    .await
}

#[test]
fn c247_dropping_a_stream_wakes_whoever_waits_on_it() {
    run_to_end(|| async {
        let (ours, _theirs) = with_raw_peer().await;
        let ours = Rc::new(ours);
        let reader = spawn(read_weakly(Rc::downgrade(&ours)));
        until_waiting(&reader).await;
        drop(ours);
        assert_eq!(reader.await.unwrap(), None);
    });
}

#[test]
fn c247_shutting_a_stream_ends_the_waits_of_other_tasks_in_both_directions() {
    run_to_end(|| async {
        let (ours, _theirs) = with_raw_peer().await;
        let ours = Rc::new(ours);
        let reader = spawn({
            let ours = ours.clone();
            async move { read_some(&*ours, 16).await }
        });
        let writer = spawn({
            let ours = ours.clone();
            async move { (&*ours).write_all(&vec![0; 10 * 1024 * 1024]).await }
        });
        until_waiting(&reader).await;
        until_waiting(&writer).await;
        ours.shutdown(Shutdown::Both).unwrap();
        assert_eq!(reader.await.unwrap(), b"");
        let error = writer.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
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

/// Both events are in one look at the poller; what the first one's task does
/// makes the second one stale.
#[test]
fn c244_an_event_of_a_source_that_an_earlier_one_of_the_same_look_drops_is_ignored() {
    run_to_end(|| async {
        for _ in 0..20 {
            let (one, mut to_one) = with_raw_peer().await;
            let (two, mut to_two) = with_raw_peer().await;
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

/// The description behind the old descriptor stays open elsewhere, so that
/// only taking it out of the poller can stop its events.
#[test]
fn c245_events_of_a_dropped_source_do_not_reach_the_one_that_got_its_descriptor() {
    run_to_end(|| async {
        for _ in 0..20 {
            let (ours, mut theirs) = with_raw_peer().await;
            drop(ours);
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (accepted, _) = listener.accept().unwrap();
            let kept_open = accepted.try_clone().unwrap();
            let old = TcpStream::from_std(accepted).unwrap();
            assert_eq!(theirs.read(&mut [0]).unwrap(), 0);

            let mut client = client;
            client.write_all(b"for the old one").unwrap();
            drop(old);
            // The lowest free descriptor is the old one's.
            let (new, mut to_new) = {
                let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let (accepted, _) = listener.accept().unwrap();
                (TcpStream::from_std(accepted).unwrap(), client)
            };
            let polls = Count::default();
            let reader = spawn(counted(&polls, async move { read_some(&new, 64).await }));
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

// ---- readiness ------------------------------------------------------------

#[test]
fn c241_connections_that_arrive_in_one_event_are_all_accepted() {
    run_to_end(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let accept = spawn(async move {
            let mut peers = Vec::new();
            for _ in 0..50 {
                peers.push(listener.accept().await.unwrap().1);
            }
            peers
        });
        until_waiting(&accept).await;
        let connect = |_| std::net::TcpStream::connect(addr).unwrap();
        let clients: Vec<_> = (0..50).map(connect).collect();
        let mut peers = accept.await.unwrap();
        let mut addrs: Vec<_> = clients
            .iter()
            .map(|stream| stream.local_addr().unwrap())
            .collect();
        peers.sort_unstable();
        addrs.sort_unstable();
        assert_eq!(peers, addrs);
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
            peers.collect::<Vec<_>>().await
        });
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(TcpStream::connect(addr).await.unwrap());
        }
        let mut peers = accept.await.unwrap();
        let mut addrs: Vec<_> = clients
            .iter()
            .map(|stream| stream.local_addr().unwrap())
            .collect();
        peers.sort_unstable();
        addrs.sort_unstable();
        assert_eq!(peers, addrs);
    });
}

/// The reader is told of a byte, and somebody else takes it first.
#[test]
fn c242_a_reader_that_is_woken_for_nothing_waits_again() {
    must_end(|| {
        let recorder = Recorder::new();
        let builder = Runner::builder().instrument(recorder.clone());
        let reader = builder.build().run(async {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let mut theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (accepted, _) = listener.accept().unwrap();
            let mut thief = accepted.try_clone().unwrap();
            let ours = TcpStream::from_std(accepted).unwrap();
            let reader = spawn(async move { read_some(&ours, 16).await });
            until_waiting(&reader).await;
            theirs.write_all(b"x").unwrap();
            // This task stands in front of the reader in the queue.
            while described(&reader).state() != TaskState::Ready {
                yield_now().await;
            }
            assert_eq!(thief.read(&mut [0; 16]).unwrap(), 1);
            let_the_loop_look().await;
            assert_eq!(described(&reader).state(), TaskState::Waiting);
            let id = reader.id();
            theirs.write_all(b"y").unwrap();
            assert_eq!(reader.await.unwrap(), b"y");
            id
        });
        // To the wait, for nothing, for the byte.
        assert_eq!(polls_of(&recorder.take(), reader), 3);
    });
}

#[test]
fn a_reader_is_not_polled_for_what_happens_on_the_writing_side() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let ours = Rc::new(ours);
        let polls = Count::default();
        let reader = spawn(counted(&polls, {
            let ours = ours.clone();
            async move { read_some(&*ours, 16).await }
        }));
        until_waiting(&reader).await;
        let writer = spawn(async move { (&*ours).write_all(&pattern(5_000_000)).await });
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

#[test]
fn an_idle_stream_costs_no_polls_and_no_turns() {
    must_end(|| {
        let recorder = Recorder::new();
        let builder = Runner::builder().instrument(recorder.clone());
        builder.build().run(async {
            let (ours, theirs) = with_raw_peer().await;
            let _reader = spawn(async move { read_some(&ours, 1).await }).cancel_on_drop();
            sleep(MS).await; // what registering it announced is over
            recorder.take();
            sleep(50 * MS).await;
            let turns = count(&recorder.take(), |event| {
                matches!(event, Event::PollStart { .. })
            });
            assert_eq!(turns, 1, "only the sleep ends");
            drop(theirs);
        });
    });
}

#[test]
fn c172_a_hundred_tasks_that_wake_themselves_for_ever_do_not_hide_a_connection() {
    run_to_end(|| async {
        for _ in 0..100 {
            spawn(async {
                loop {
                    yield_now().await;
                }
            });
        }
        let (client, server) = connected().await;
        let server = spawn(echo(server));
        for round in 0..10 {
            let question = [round; 5];
            let mut answer = [0; 5];
            (&client).write_all(&question).await.unwrap();
            (&client).read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, question);
        }
        drop(client);
        server.await.unwrap();
    });
}

/// Blocks until somebody can be accepted: the kernel may still be about to
/// bring the connection of a client for whom it is made already.
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
    thread::sleep(50 * MS);
}

/// The catalogue asks for ten yields; here it is the number of polls between
/// two looks.
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
fn a_stream_that_is_always_readable_lets_the_others_run() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
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
            assert_eq!(read_some(&ours, 1).await.len(), 1);
        }
        // A poll may read 128 times.
        assert!(other.get() >= 10_000 / 128, "{} polls", other.get());
        counter.cancel();
    });
}

// ---- sockets beside the rest of the loop ----------------------------------

#[test]
fn another_thread_wakes_the_loop_that_sleeps_in_the_poller() {
    run_to_end(|| async {
        let (ours, theirs) = with_raw_peer().await;
        let reader = spawn(async move { read_some(&ours, 1).await });
        let (to_thread, from_loop) = mpsc::channel();
        let (to_loop, from_thread) = async_channel::unbounded();
        let thread = thread::spawn(move || {
            for number in from_loop {
                thread::sleep(Duration::from_micros(300)); // so that the loop is asleep
                to_loop.try_send(number).unwrap();
            }
        });
        for number in 0..100 {
            to_thread.send(number).unwrap();
            assert_eq!(from_thread.recv().await, Ok(number));
        }
        drop(to_thread);
        thread.join().unwrap();
        assert!(!reader.is_finished());
        drop(theirs);
        reader.await.unwrap();
    });
}

#[test]
fn a_post_from_another_thread_reaches_the_loop_that_sleeps_in_the_poller() {
    run_to_end(|| async {
        let (ours, theirs) = with_raw_peer().await;
        let reader = spawn(async move { read_some(&ours, 1).await });
        until_waiting(&reader).await;
        let handle = Handle::current();
        let thread = thread::spawn(move || {
            let numbers = (0..100).map(|number| {
                let posted = handle.spawn(move || async move { number });
                posted.wait().unwrap()
            });
            let sum = numbers.sum::<u32>();
            drop(theirs); // which ends the run
            sum
        });
        reader.await.unwrap();
        assert_eq!(thread.join().unwrap(), 4950);
    });
}

#[test]
fn sleeps_end_in_their_order_and_never_early_while_a_socket_waits() {
    // One whose deadline is over when it is first polled ends at once, so the
    // order says something only if all were asleep before the first was due. A
    // machine that stood still meanwhile gets a longer start.
    must_end(|| {
        let mut head_start = Duration::from_millis(5);
        while !naps_end_in_order(head_start) {
            head_start *= 2;
        }
    });
}

/// True if all naps were asleep in time and ended in order.
fn naps_end_in_order(head_start: Duration) -> bool {
    executor::run(async {
        let (ours, theirs) = with_raw_peer().await;
        let reader = spawn(async move { read_some(&ours, 1).await });
        let log = Log::new();
        let first = now() + head_start;
        let nap = |micros: u64| {
            let log = log.clone();
            spawn(async move {
                let deadline = first + Duration::from_micros(micros);
                sleep_until(deadline).await;
                assert!(now() >= deadline);
                log.push(micros);
            })
        };
        let naps = [2500, 90, 1000, 999, 2501, 10, 1001].map(nap);
        yield_now().await;
        let in_time = now() < first;
        for nap in naps {
            nap.await.unwrap();
        }
        let order = log.take();
        if in_time {
            assert_eq!(order, ["10", "90", "999", "1000", "1001", "2500", "2501"]);
        }
        drop(theirs);
        reader.await.unwrap();
        in_time
    })
}

#[test]
fn virtual_time_does_not_jump_over_an_exchange_of_bytes() {
    must_end(|| {
        let log = Log::new();
        let mut runner = virtual_runner();
        runner.run(async {
            let (client, server) = connected().await;
            let server = spawn(echo(server));
            let nap = spawn({
                let log = log.clone();
                async move {
                    sleep(Duration::from_secs(3600)).await;
                    log.push("an hour later");
                }
            });
            let started = now();
            for round in 0..20 {
                let mut answer = [0];
                (&client).write_all(&[round]).await.unwrap();
                (&client).read_exact(&mut answer).await.unwrap();
                log.push(answer[0]);
            }
            assert_eq!(now(), started);
            let mut rounds: Vec<_> = (0..20).map(|round| round.to_string()).collect();
            assert_eq!(log.take(), rounds);
            // A wait for a socket that stays quiet does not stop the clock.
            nap.await.unwrap();
            assert_eq!(now() - started, Duration::from_secs(3600));
            rounds.clear();
            drop(client);
            server.await.unwrap();
        });
        assert_eq!(log.take(), ["an hour later"]);
    });
}

#[test]
fn a_thread_job_and_a_socket_are_waited_for_together() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let (tell, told) = mpsc::channel();
        let job = to_thread(move || told.recv().unwrap());
        let exchange = async {
            assert_eq!(read_some(&ours, 16).await, b"first");
            tell.send(7).unwrap();
        };
        let peer = to_thread(move || {
            theirs.write_all(b"first").unwrap();
            theirs
        });
        let (number, (), _theirs) = gather((job, exchange, peer)).await;
        assert_eq!(number, 7);
    });
}

#[test]
fn a_wait_for_a_socket_is_no_stall() {
    must_end(|| {
        for builder in [Runner::builder(), Runner::builder().virtual_time()] {
            let mut runner = builder.stall_timeout(MS).build();
            let result = runner.try_run(async {
                let (ours, mut theirs) = with_raw_peer().await;
                let (tell, told) = mpsc::channel::<()>();
                let thread = thread::spawn(move || {
                    told.recv().unwrap();
                    thread::sleep(30 * MS);
                    theirs.write_all(b"x").unwrap();
                });
                tell.send(()).unwrap();
                let bytes = read_some(&ours, 16).await;
                thread.join().unwrap();
                bytes
            });
            assert_eq!(result.ok(), Some(b"x".to_vec()));
        }
    });
}

#[test]
fn a_loop_with_sockets_that_nobody_waits_for_can_stall() {
    must_end(|| {
        let result = try_run(async {
            let _pair = with_raw_peer().await;
            pending::<()>().await;
        });
        assert!(matches!(result, Err(RunError::Stalled { .. })));
    });
}

/// The buffered reader is futures' own; what is pinned here is that a stream
/// of ours behaves under it as asyncio's `StreamReader` does.
#[test]
fn c257_lines_and_exact_reads_come_out_whole_however_the_bytes_arrive() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let mut reader = BufReader::new(&ours);
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

        // A limit ends the read; what is behind it is still there.
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

/// A read through `AsyncRead` has no destructor that could take the wait back.
#[test]
fn a_read_that_an_ended_task_gave_up_does_not_hide_a_stall() {
    must_end(|| {
        let result = try_run(async {
            let (stream, _theirs) = with_raw_peer().await;
            let stream = Rc::new(stream);
            let reader = stream.clone();
            let task = spawn(async move {
                let mut buffer = [0; 16];
                let given_up = timeout(Duration::ZERO, (&*reader).read(&mut buffer)).await;
                assert!(given_up.is_err());
            });
            task.await.unwrap();
            pending::<()>().await;
        });
        assert!(matches!(result, Err(RunError::Stalled { .. })));
    });
}

// ---- the loop's end -------------------------------------------------------

const ENDED: &str = "the loop that this socket belongs to has ended";
const ELSEWHERE: &str = "this socket belongs to another loop than the one that runs here";

#[test]
fn c253_a_socket_that_outlives_its_loop_gives_an_error() {
    must_end(|| {
        let (stream, listener, datagrams, _theirs) = run(async {
            let (stream, theirs) = with_raw_peer().await;
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let datagrams = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            (stream, listener, datagrams, theirs)
        });
        // Neither with the machinery of somebody else nor on another loop.
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

/// The waker is somebody else's, so that it can be told after the tasks are
/// gone.
#[test]
fn c253_the_end_of_a_loop_wakes_whoever_waits_on_its_sockets() {
    must_end(|| {
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        let mut runner = Runner::new();
        let (stream, _theirs) = runner.run(async {
            let (stream, theirs) = with_raw_peer().await;
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

#[test]
fn c019_a_socket_of_an_ended_loop_does_not_disturb_the_one_with_its_key_on_the_next() {
    must_end(|| {
        let (old, _theirs) = run(with_raw_peer());
        run(async {
            let (new, mut theirs) = with_raw_peer().await;
            let polls = Count::default();
            let reader = spawn(counted(&polls, async move { read_some(&new, 16).await }));
            until_waiting(&reader).await;
            let error = (&old).read(&mut [0]).await.unwrap_err();
            assert_eq!(error.to_string(), ENDED);
            drop(old);
            let_the_loop_look().await;
            assert_eq!(polls.get(), 1);
            theirs.write_all(b"new").unwrap();
            assert_eq!(reader.await.unwrap(), b"new");
        });
    });
}

#[test]
fn a_socket_works_on_its_own_runner_only_and_says_so_elsewhere() {
    must_end(|| {
        let (mut home, mut abroad) = (Runner::new(), Runner::new());
        let (stream, mut theirs) = home.run(with_raw_peer());
        home.run(async {
            // Whatever is left of a budget at the end of a run, it is no
            // reason to wait elsewhere.
            theirs.write_all(&[0; 128]).unwrap();
            yield_now().await;
            for _ in 0..128 {
                read_some(&stream, 1).await;
            }
        });
        theirs.write_all(b"bytes").unwrap();
        let error = abroad.run(async { (&stream).read(&mut [0]).await.unwrap_err() });
        assert_eq!(error.to_string(), ELSEWHERE);
        let error = futures::executor::block_on(async { (&stream).read(&mut [0]).await });
        assert_eq!(error.unwrap_err().to_string(), ELSEWHERE);
        assert_eq!(home.run(read_some(&stream, 16)), b"bytes");
        abroad.run(async { drop(stream) });
        assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
    });
}

#[test]
fn a_runner_keeps_its_sockets_between_runs() {
    must_end(|| {
        let mut runner = Runner::new();
        let (stream, mut theirs) = runner.run(with_raw_peer());
        let reader = runner.spawn(async move { read_some(&stream, 16).await });
        runner.run(yield_now());
        theirs.write_all(b"between").unwrap();
        assert_eq!(runner.run(reader).unwrap(), b"between");
    });
}

#[test]
fn c085_a_loop_ends_while_packets_arrive() {
    must_end(|| {
        for _ in 0..10 {
            let stop = Arc::new(AtomicBool::new(false));
            let mut runner = Runner::new();
            let (addr, stream) = runner.run(async {
                let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                let addr = socket.local_addr().unwrap();
                spawn(async move {
                    while socket.recv_from(&mut [0; 16]).await.is_ok() {
                        yield_now().await;
                    }
                });
                let (ours, theirs) = with_raw_peer().await;
                spawn(async move { while !read_some(&ours, 16).await.is_empty() {} });
                (addr, theirs)
            });
            let (began, has_begun) = mpsc::channel();
            let sender = thread::spawn({
                let stop = stop.clone();
                move || {
                    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
                    let mut stream = stream;
                    while !stop.load(Ordering::SeqCst) {
                        // Either fails once the other side is gone.
                        let _ = socket.send_to(b"packet", addr);
                        let _ = stream.write(b"x");
                        let _ = began.send(());
                    }
                }
            });
            has_begun.recv().unwrap();
            runner.run(sleep(MS));
            drop(runner);
            stop.store(true, Ordering::SeqCst);
            sender.join().unwrap();
        }
    });
}

// ---- addresses and errors -------------------------------------------------

/// A port on which nobody listens, though somebody holds it.
fn closed_port() -> (std::net::UdpSocket, SocketAddr) {
    // The port of a datagram socket is taken for datagrams only.
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

#[test]
fn connecting_where_nobody_listens_names_the_address() {
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
        let start = format!("cannot listen on {addr}: Address already in use");
        assert!(error.to_string().starts_with(&start), "{error}");
        drop(listener);
        must_be_refused(addr).await;
        TcpListener::bind(addr).await.unwrap(); // free again
    });
}

/// The first port that needs a privilege, for who has none.
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
    let text = crate::common::panic_text(|| TcpListener::from_std(listener));
    assert!(text.contains("a socket"), "{text}");
}
