//! Several waiters on one source: each is served in its turn, and one that was
//! given up takes nothing from the others.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use executor::net::{TcpListener, TcpStream, UdpSocket};
#[cfg(unix)]
use executor::net::{UnixListener, UnixStream};
use executor::{
    JoinHandle, Runner, TaskState, Wait, gather, race, sleep, spawn, timeout, to_thread, yield_now,
};
use futures::StreamExt;
use futures::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use futures::stream::FuturesUnordered;

use crate::common::{
    Gate, Log, assert_waits, connected, described, judged, let_the_loop_look, must_end, poll_once,
    read_some, run_to_end, stalled_tasks, until_waiting, with_raw_peer,
};

const MS: Duration = Duration::from_millis(1);

/// A socket to receive from, its address, and one to send from.
async fn datagrams() -> (Rc<UdpSocket>, SocketAddr, std::net::UdpSocket) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    (Rc::new(socket), address, sender)
}

async fn receive(socket: &UdpSocket) -> u8 {
    let mut byte = [0];
    socket.recv_from(&mut byte).await.unwrap();
    byte[0]
}

/// Spawns tasks that each receive one datagram, and waits until all wait.
async fn receivers(socket: &Rc<UdpSocket>, number: usize) -> Vec<JoinHandle<u8>> {
    let mut tasks = Vec::new();
    for _ in 0..number {
        let socket = Rc::clone(socket);
        tasks.push(spawn(async move { receive(&socket).await }));
        until_waiting(tasks.last().unwrap()).await;
    }
    tasks
}

async fn outputs<T: 'static>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let outputs = gather(tasks).await;
    outputs.into_iter().map(Result::unwrap).collect()
}

/// How many waits for a socket the listing shows of a task.
fn socket_waits<T>(task: &JoinHandle<T>) -> usize {
    let info = described(task);
    let is_socket = |wait: &&Wait| matches!(wait, Wait::Socket { .. });
    info.waits_for().iter().filter(is_socket).count()
}

// ---- accepting ------------------------------------------------------------

#[test]
fn r003_three_tasks_accept_five_connections_each_from_one_listener() {
    run_to_end(|| async {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let acceptors = [(); 3].map(|()| {
            let listener = Rc::clone(&listener);
            spawn(async move {
                for _ in 0..5 {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    stream.write_all(b"hello").await.unwrap();
                }
            })
        });
        for acceptor in &acceptors {
            until_waiting(acceptor).await;
        }
        for _ in 0..15 {
            let mut client = TcpStream::connect(address).await.unwrap();
            let mut text = String::new();
            client.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "hello");
        }
        outputs(acceptors.into()).await;
    });
}

#[cfg(unix)]
#[test]
fn r003_three_tasks_accept_five_connections_each_from_one_unix_listener() {
    run_to_end(|| async {
        let file = format!("executor-it-{}-many.sock", std::process::id());
        let path = std::env::temp_dir().join(file);
        let listener = Rc::new(UnixListener::bind(&path).unwrap());
        let acceptors = [(); 3].map(|()| {
            let listener = Rc::clone(&listener);
            spawn(async move {
                for _ in 0..5 {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    stream.write_all(b"hello").await.unwrap();
                }
            })
        });
        for acceptor in &acceptors {
            until_waiting(acceptor).await;
        }
        for _ in 0..15 {
            let mut client = UnixStream::connect(&path).await.unwrap();
            let mut text = String::new();
            client.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "hello");
        }
        outputs(acceptors.into()).await;
    });
}

/// The kernel reports the connections once, in one event.
#[test]
fn connections_of_one_event_go_to_tasks_and_streams_that_wait_in_turns() {
    run_to_end(|| async {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let log = Log::new();
        let by_accept = |name: &'static str| {
            let (listener, log) = (Rc::clone(&listener), log.clone());
            spawn(async move {
                for _ in 0..2 {
                    listener.accept().await.unwrap();
                    log.push(name);
                }
            })
        };
        let by_stream = {
            let (listener, log) = (Rc::clone(&listener), log.clone());
            spawn(async move {
                let mut incoming = listener.incoming();
                for _ in 0..2 {
                    incoming.next().await.unwrap().unwrap();
                    log.push("stream");
                }
            })
        };
        until_waiting(&by_stream).await;
        let first = by_accept("first");
        until_waiting(&first).await;
        let second = by_accept("second");
        until_waiting(&second).await;
        let _clients = [(); 6].map(|()| std::net::TcpStream::connect(address).unwrap());
        outputs(vec![by_stream, first, second]).await;
        let turns = ["stream", "first", "second", "stream", "first", "second"];
        assert_eq!(log.take(), turns);
    });
}

#[test]
fn connections_that_come_one_by_one_go_to_tasks_in_turns() {
    run_to_end(|| async {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let log = Log::new();
        let mut acceptors = Vec::new();
        for n in 0..4 {
            let (listener, log) = (Rc::clone(&listener), log.clone());
            acceptors.push(spawn(async move {
                for _ in 0..3 {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    log.push(n);
                    stream.write_all(b"!").await.unwrap();
                }
            }));
            until_waiting(&acceptors[n]).await;
        }
        for _ in 0..12 {
            let client = TcpStream::connect(address).await.unwrap();
            assert_eq!(read_some(&client, 1).await, b"!");
            let_the_loop_look().await;
        }
        outputs(acceptors).await;
        let turns: Vec<_> = (0..12).map(|n| (n % 4).to_string()).collect();
        assert_eq!(log.take(), turns);
    });
}

// ---- datagrams ------------------------------------------------------------

#[test]
fn r004_four_tasks_that_receive_from_one_socket_are_served_in_their_order() {
    run_to_end(|| async {
        let (socket, address, sender) = datagrams().await;
        let tasks = receivers(&socket, 4).await;
        for n in 0..4 {
            sender.send_to(&[n], address).unwrap();
        }
        assert_eq!(outputs(tasks).await, [0, 1, 2, 3]);
    });
}

#[test]
fn a_thousand_tasks_receive_a_thousand_datagrams_each_a_different_one() {
    run_to_end(|| async {
        let (socket, address, _) = datagrams().await;
        let receive = |socket: Rc<UdpSocket>| async move {
            let mut number = [0; 4];
            socket.recv_from(&mut number).await.unwrap();
            u32::from_le_bytes(number)
        };
        let tasks: Vec<_> = (0..1000)
            .map(|_| spawn(receive(Rc::clone(&socket))))
            .collect();
        yield_now().await;
        let send = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for n in 0..1000_u32 {
            send.send_to(&n.to_le_bytes(), address).await.unwrap();
            if n % 16 == 0 {
                // Before the kernel must drop one.
                let_the_loop_look().await;
            }
        }
        assert_eq!(outputs(tasks).await, (0..1000).collect::<Vec<_>>());
    });
}

#[test]
fn tasks_that_receive_in_loops_take_turns_though_all_has_arrived() {
    run_to_end(|| async {
        let (socket, address, sender) = datagrams().await;
        let log = Log::new();
        let mut tasks = Vec::new();
        for name in ["a", "b", "c"] {
            let (socket, log) = (Rc::clone(&socket), log.clone());
            tasks.push(spawn(async move {
                for _ in 0..4 {
                    let number = receive(&socket).await;
                    log.push(format_args!("{name}{number}"));
                }
            }));
            until_waiting(tasks.last().unwrap()).await;
        }
        for n in 0..12 {
            sender.send_to(&[n], address).unwrap();
        }
        outputs(tasks).await;
        let turns = [
            "a0", "b1", "c2", "a3", "b4", "c5", "a6", "b7", "c8", "a9", "b10", "c11",
        ];
        assert_eq!(log.take(), turns);
    });
}

#[test]
fn a_receive_and_a_peek_of_two_tasks_both_end() {
    run_to_end(|| async {
        let (socket, address, sender) = datagrams().await;
        let peek = spawn({
            let socket = Rc::clone(&socket);
            async move { socket.peek_from(&mut [0]).await.unwrap().0 }
        });
        until_waiting(&peek).await;
        let tasks = receivers(&socket, 1).await;
        sender.send_to(&[7], address).unwrap();
        assert_eq!(peek.await.unwrap(), 1);
        assert_eq!(outputs(tasks).await, [7]);
    });
}

/// Sockets of child programs and of std may share the queue.
#[test]
fn two_sockets_that_share_one_queue_are_both_served() {
    run_to_end(|| async {
        let one = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = one.local_addr().unwrap();
        let two = UdpSocket::from_std(one.try_clone().unwrap()).unwrap();
        let one = UdpSocket::from_std(one).unwrap();
        let both = spawn(async move { gather((receive(&one), receive(&two))).await });
        until_waiting(&both).await;
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(&[1], address).unwrap();
        let_the_loop_look().await;
        sender.send_to(&[2], address).unwrap();
        let (one, two) = both.await.unwrap();
        assert_eq!(one + two, 3);
    });
}

// ---- streams --------------------------------------------------------------

/// Four tasks write to a peer that reads late.
async fn many_write<S, P>(ours: S, mut theirs: P)
where
    S: 'static,
    for<'a> &'a S: AsyncWriteExt + Unpin,
    P: Read + Send + 'static,
{
    const EACH: usize = 5 << 20; // together more than the kernel buffers
    let ours = Rc::new(ours);
    let mut writers = Vec::new();
    for n in 0..4_u8 {
        let ours = Rc::clone(&ours);
        writers.push(spawn(async move {
            (&*ours).write_all(&vec![n; EACH]).await.unwrap();
        }));
    }
    until_waiting(&writers[3]).await;
    let read = to_thread(move || {
        let mut all = vec![0; 4 * EACH];
        theirs.read_exact(&mut all).unwrap();
        (all, theirs)
    });
    let (all, _) = gather((read, outputs(writers))).await.0;
    for n in 0..4 {
        assert_eq!(all.iter().filter(|byte| **byte == n).count(), EACH);
    }
}

/// Four tasks read a byte each, in the order in which they came.
async fn many_read<S, P>(ours: S, mut theirs: P)
where
    S: 'static,
    for<'a> &'a S: AsyncRead + Unpin,
    P: Write,
{
    let ours = Rc::new(ours);
    let log = Log::new();
    let mut readers = Vec::new();
    for n in 0..4 {
        let (ours, log) = (Rc::clone(&ours), log.clone());
        readers.push(spawn(async move {
            for _ in 0..2 {
                let bytes = read_some(&*ours, 1).await;
                log.push(format_args!("{n}:{}", bytes[0]));
            }
        }));
        until_waiting(readers.last().unwrap()).await;
    }
    theirs.write_all(&[0, 1, 2]).unwrap(); // in one event
    let_the_loop_look().await;
    for n in 3..8 {
        theirs.write_all(&[n]).unwrap();
        let_the_loop_look().await;
    }
    outputs(readers).await;
    let turns = ["0:0", "1:1", "2:2", "3:3", "0:4", "1:5", "2:6", "3:7"];
    assert_eq!(log.take(), turns);
}

#[test]
fn four_tasks_that_write_to_one_tcp_stream_all_end() {
    run_to_end(|| async {
        let (ours, theirs) = with_raw_peer().await;
        many_write(ours, theirs).await;
    });
}

#[test]
fn four_tasks_that_read_one_tcp_stream_take_turns() {
    run_to_end(|| async {
        let (ours, theirs) = with_raw_peer().await;
        theirs.set_nodelay(true).unwrap();
        many_read(ours, theirs).await;
    });
}

#[cfg(unix)]
#[test]
fn four_tasks_that_write_to_one_unix_stream_all_end() {
    run_to_end(|| async {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        many_write(UnixStream::from_std(ours).unwrap(), theirs).await;
    });
}

#[cfg(unix)]
#[test]
fn four_tasks_that_read_one_unix_stream_take_turns() {
    run_to_end(|| async {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        many_read(UnixStream::from_std(ours).unwrap(), theirs).await;
    });
}

#[test]
fn the_end_of_a_stream_ends_all_reads_that_wait() {
    run_to_end(|| async {
        let (ours, theirs) = with_raw_peer().await;
        let ours = Rc::new(ours);
        let mut readers = Vec::new();
        for _ in 0..3 {
            let ours = Rc::clone(&ours);
            readers.push(spawn(async move { read_some(&*ours, 1).await.len() }));
            until_waiting(readers.last().unwrap()).await;
        }
        let peek = spawn(async move { ours.peek(&mut [0]).await.unwrap() });
        until_waiting(&peek).await;
        drop(theirs);
        assert_eq!(outputs(readers).await, [0, 0, 0]);
        assert_eq!(peek.await.unwrap(), 0);
    });
}

// ---- several waits of one task --------------------------------------------

#[test]
fn two_receives_of_one_task_are_both_served_and_either_may_be_dropped() {
    run_to_end(|| async {
        let (socket, address, sender) = datagrams().await;
        let both = spawn({
            let socket = Rc::clone(&socket);
            async move { futures::join!(receive(&socket), receive(&socket)) }
        });
        until_waiting(&both).await;
        for n in [1, 2] {
            sender.send_to(&[n], address).unwrap();
            let_the_loop_look().await;
        }
        assert_eq!(both.await.unwrap(), (1, 2));
        for dropped in 0..2 {
            let mut waits = [0, 1].map(|_| Some(Box::pin(receive(&socket))));
            for wait in waits.iter_mut().flatten() {
                assert_waits(wait).await;
            }
            waits[dropped] = None;
            sender.send_to(&[3], address).unwrap();
            assert_eq!(waits[1 - dropped].take().unwrap().await, 3);
        }
    });
}

#[test]
fn a_read_that_is_polled_again_by_its_task_has_one_wait() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let reader = spawn(async move {
            let read = pin!(read_some(&ours, 1));
            let again = async {
                loop {
                    sleep(MS).await;
                }
            };
            race((read, pin!(again))).await
        });
        for _ in 0..20 {
            sleep(MS).await;
        }
        until_waiting(&reader).await;
        assert_eq!(socket_waits(&reader), 1);
        theirs.write_all(b"x").unwrap();
        assert_eq!(reader.await.unwrap().0, 0);
    });
}

#[test]
fn forty_receives_of_one_task_are_all_served_by_any_combinator() {
    run_to_end(|| async {
        let (socket, address, sender) = datagrams().await;
        let all = || {
            let socket = Rc::clone(&socket);
            (0..40).map(move |_| {
                let socket = Rc::clone(&socket);
                async move { receive(&socket).await }
            })
        };
        let ways: [Pin<Box<dyn Future<Output = Vec<u8>>>>; 3] = [
            Box::pin(gather(all().collect::<Vec<_>>())),
            Box::pin(all().collect::<FuturesUnordered<_>>().collect()),
            Box::pin(futures::future::join_all(all())),
        ];
        for way in ways {
            let task = spawn(way);
            until_waiting(&task).await;
            for n in 0..40 {
                sender.send_to(&[n], address).unwrap();
                if n % 7 == 0 {
                    let_the_loop_look().await;
                }
            }
            assert_eq!(task.await.unwrap(), (0..40).collect::<Vec<_>>());
        }
    });
}

#[test]
fn reads_of_one_stream_by_children_of_one_task_are_all_served() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let children = (0..40).map(|_| read_some(&ours, 1));
        let mut children: FuturesUnordered<_> = children.collect();
        assert!(poll_once(&mut children.next()).await.is_pending());
        for n in 0..40 {
            theirs.write_all(&[n]).unwrap();
            assert_eq!(children.next().await.unwrap(), [n]);
        }
    });
}

#[test]
fn writes_and_reads_of_one_stream_by_children_of_one_task_are_all_served() {
    run_to_end(|| async {
        let (one, two) = connected().await;
        let write = async |mut stream: &TcpStream, n: u8| {
            stream.write_all(&vec![n; 1 << 20]).await.unwrap();
        };
        let read = async |mut stream: &TcpStream| {
            let mut bytes = vec![0; 1 << 20];
            stream.read_exact(&mut bytes).await.unwrap();
            bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>()
        };
        let writes = (write(&one, 1), write(&one, 2), write(&two, 3));
        let reads = (read(&two), read(&two), read(&one));
        let (_, (a, b, c)) = gather((gather(writes), gather(reads))).await;
        assert_eq!((a + b, c), (3 << 20, 3 << 20));
    });
}

// ---- giving up ------------------------------------------------------------

#[test]
fn a_wait_that_is_dropped_before_its_wake_leaves_it_to_the_next() {
    run_to_end(|| async {
        let (socket, address, sender) = datagrams().await;
        for given_up in 0..3 {
            let mut tasks = receivers(&socket, 3).await;
            let gone = tasks.remove(given_up);
            gone.cancel();
            assert!(gone.await.unwrap_err().is_cancelled());
            for n in [1, 2] {
                sender.send_to(&[n], address).unwrap();
                let_the_loop_look().await;
            }
            assert_eq!(outputs(tasks).await, [1, 2]);
        }
    });
}

/// The task is cancelled after the loop has woken it, and before it is polled.
#[test]
fn a_wait_that_is_dropped_between_its_wake_and_its_poll_leaves_it_to_the_next() {
    run_to_end(|| async {
        let (socket, address, sender) = datagrams().await;
        for _ in 0..10 {
            let victim = Rc::new(RefCell::new(None::<JoinHandle<u8>>));
            // First in the list, so that the event wakes it before the others.
            let canceller = spawn({
                let (socket, victim) = (Rc::clone(&socket), Rc::clone(&victim));
                async move {
                    socket.peek_from(&mut [0]).await.unwrap();
                    let victim = victim.take().unwrap();
                    victim.cancel();
                    victim.await.unwrap_err().is_cancelled()
                }
            });
            until_waiting(&canceller).await;
            let mut tasks = receivers(&socket, 2).await;
            victim.replace(Some(tasks.remove(0)));
            sender.send_to(&[9], address).unwrap();
            assert!(canceller.await.unwrap());
            assert_eq!(outputs(tasks).await, [9]);
        }
    });
}

/// A future that is kept, woken and never polled holds nothing up.
#[test]
fn a_wait_that_is_woken_and_never_polled_takes_nothing_from_the_others() {
    run_to_end(|| async {
        let (socket, address, sender) = datagrams().await;
        let mut kept = Box::pin(receive(&socket));
        assert_waits(&mut kept).await;
        let tasks = receivers(&socket, 3).await;
        for n in 0..3 {
            sender.send_to(&[n], address).unwrap();
            if n == 0 {
                let_the_loop_look().await;
            }
        }
        assert_eq!(outputs(tasks).await, [0, 1, 2]);
        sender.send_to(&[3], address).unwrap();
        assert_eq!(kept.await, 3);
    });
}

#[test]
fn a_read_of_a_poll_trait_that_was_given_up_takes_nothing_from_the_others() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let ours = Rc::new(ours);
        for _ in 0..3 {
            let given_up = spawn({
                let ours = Rc::clone(&ours);
                async move {
                    let read = timeout(MS, read_some(&*ours, 1)).await;
                    assert!(read.is_err());
                    pending::<()>().await;
                }
            })
            .cancel_on_drop();
            sleep(3 * MS).await;
            let reader = spawn({
                let ours = Rc::clone(&ours);
                async move { (read_some(&*ours, 1).await, read_some(&*ours, 1).await) }
            });
            until_waiting(&reader).await;
            theirs.write_all(b"ab").unwrap();
            assert_eq!(reader.await.unwrap(), (b"a".to_vec(), b"b".to_vec()));
            drop(given_up);
        }
    });
}

/// Each of these reads is polled with a waker of its own, and leaves it behind.
#[test]
fn ten_thousand_reads_that_were_given_up_do_not_pile_up() {
    run_to_end(|| async {
        let (ours, mut theirs) = with_raw_peer().await;
        let ours = Rc::new(ours);
        let alive = spawn({
            let ours = Rc::clone(&ours);
            async move {
                let reads = (0..100).map(|_| read_some(&*ours, 1));
                let reads: FuturesUnordered<_> = reads.collect();
                reads.map(|bytes| bytes.len()).collect::<Vec<_>>().await
            }
        });
        until_waiting(&alive).await;
        let done = Gate::new();
        let giving_up = spawn({
            let (ours, done) = (Rc::clone(&ours), done.clone());
            async move {
                for _ in 0..10_000 {
                    let read = [read_some(&*ours, 1)].into_iter();
                    let mut read: FuturesUnordered<_> = read.collect();
                    assert!(poll_once(&mut read.next()).await.is_pending());
                    yield_now().await;
                }
                done.open();
                pending::<()>().await;
            }
        });
        done.wait().await; // a listing in each turn would take seconds
        let waits = socket_waits(&giving_up) + socket_waits(&alive);
        assert!(waits < 1_000, "{waits} waits");
        theirs.write_all(&[0; 100]).unwrap();
        assert_eq!(alive.await.unwrap(), [1; 100]);
        giving_up.cancel();
    });
}

#[test]
fn an_incoming_stream_that_is_dropped_leaves_its_wake_to_the_next() {
    run_to_end(|| async {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let mut incoming = listener.incoming();
        assert_waits(&mut incoming.next()).await;
        let accept = spawn({
            let listener = Rc::clone(&listener);
            async move { listener.accept().await.map(drop) }
        });
        until_waiting(&accept).await;
        drop(incoming);
        let _client = std::net::TcpStream::connect(address).unwrap();
        accept.await.unwrap().unwrap();
    });
}

#[test]
fn dropping_a_source_wakes_all_its_waiters() {
    run_to_end(|| async {
        let (ours, _theirs) = with_raw_peer().await;
        let ours = Rc::new(RefCell::new(Some(ours)));
        let mut readers = Vec::new();
        for _ in 0..3 {
            let ours = Rc::clone(&ours);
            readers.push(spawn(poll_fn(move |cx: &mut Context<'_>| {
                let ours = ours.borrow();
                let Some(mut stream) = ours.as_ref() else {
                    return Poll::Ready("gone");
                };
                let read = Pin::new(&mut stream).poll_read(cx, &mut [0]);
                read.map(|_| "read")
            })));
            until_waiting(readers.last().unwrap()).await;
        }
        let stream = ours.take();
        drop(stream);
        assert_eq!(outputs(readers).await, ["gone"; 3]);
    });
}

// ---- other loops, seeds, listings -----------------------------------------

#[test]
fn a_wait_that_another_loop_polls_is_refused_there_and_served_at_home() {
    must_end(|| {
        let (mut home, mut other) = (Runner::new(), Runner::new());
        let (socket, address, sender) = home.run(datagrams());
        let mut first = Box::pin(receive_or_fail(Rc::clone(&socket)));
        let mut second = Box::pin(receive_or_fail(Rc::clone(&socket)));
        home.run(async {
            assert_waits(&mut first).await;
            assert_waits(&mut second).await;
        });
        let error = other.run(&mut first).unwrap_err();
        assert!(error.contains("another loop"), "{error}");
        sender.send_to(&[5], address).unwrap();
        assert_eq!(home.run(second), Ok(5));
    });
}

async fn receive_or_fail(socket: Rc<UdpSocket>) -> Result<u8, String> {
    let mut byte = [0];
    let received = socket.recv_from(&mut byte).await;
    received.map(|_| byte[0]).map_err(|error| error.to_string())
}

#[test]
fn with_any_seed_every_waiter_is_served() {
    must_end(|| {
        for seed in 0..20 {
            let builder = Runner::builder().virtual_time().seed(seed);
            judged(builder).run(async {
                let (socket, address, sender) = datagrams().await;
                let tasks = receivers(&socket, 8).await;
                for n in 0..8 {
                    sender.send_to(&[n], address).unwrap();
                    if n % 3 == 0 {
                        let_the_loop_look().await;
                    }
                }
                let mut served = outputs(tasks).await;
                served.sort_unstable();
                assert_eq!(served, (0..8).collect::<Vec<_>>());
            });
        }
    });
}

#[test]
fn every_waiter_is_listed_and_none_after_its_wait() {
    run_to_end(|| async {
        let (socket, address, sender) = datagrams().await;
        let mut tasks = receivers(&socket, 3).await;
        let waits: Vec<_> = tasks.iter().map(socket_waits).collect();
        assert_eq!(waits, [1, 1, 1]);
        sender.send_to(&[1], address).unwrap();
        assert_eq!(tasks.remove(0).await.unwrap(), 1);
        for task in &tasks {
            until_waiting(task).await;
            assert_eq!(socket_waits(task), 1);
        }
        let gone = tasks.remove(0);
        gone.cancel();
        let _ = gone.await;
        sender.send_to(&[2], address).unwrap();
        assert_eq!(outputs(tasks).await, [2]);
    });
}

/// Futures of the poll traits have no destructor that could end their waits.
#[test]
fn reads_of_a_poll_trait_that_were_given_up_hide_no_stall() {
    must_end(|| {
        let mut runner = Runner::new();
        let stalled = runner.try_run(async {
            let (ours, _theirs) = connected().await;
            let ours = Rc::new(ours);
            let read = |_| read_some(&*ours, 1);
            assert!(timeout(MS, read(0)).await.is_err());
            let many = gather((0..40).map(read).collect::<Vec<_>>());
            assert!(timeout(MS, many).await.is_err());
            let mut foreign: FuturesUnordered<_> = (0..3).map(read).collect();
            assert!(timeout(MS, foreign.next()).await.is_err());
            drop(foreign);
            spawn({
                let ours = Rc::clone(&ours);
                async move { assert!(timeout(MS, read_some(&*ours, 1)).await.is_err()) }
            })
            .await
            .unwrap();
            pending::<()>().await;
        });
        let tasks = stalled_tasks(stalled);
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0].state(), TaskState::Unwakeable);
    });
}

/// A combinator that polls one of its futures only when that was woken, with the
/// waker of its task.
#[test]
fn a_read_that_its_task_did_not_poll_again_is_no_stall_and_costs_one_poll() {
    for is_virtual in [false, true] {
        must_end(move || {
            let builder = Runner::builder();
            let builder = if is_virtual {
                builder.virtual_time()
            } else {
                builder
            };
            builder.build().run(async {
                let (ours, theirs) = with_raw_peer().await;
                let mut read = pin!(read_some(&ours, 1));
                let mut polls = 0;
                let reading = poll_fn(|cx| {
                    polls += 1;
                    if polls != 2 {
                        return read.as_mut().poll(cx);
                    }
                    let mut peer = theirs.try_clone().unwrap();
                    std::thread::spawn(move || {
                        std::thread::sleep(50 * MS);
                        peer.write_all(b"a").unwrap();
                    });
                    Poll::Pending
                });
                let mut reading = pin!(reading);
                assert!(poll_once(&mut reading).await.is_pending());
                assert_eq!(reading.await, b"a");
                assert!((3..=4).contains(&polls), "{polls} polls");
            });
        });
    }
}
