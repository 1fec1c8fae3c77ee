//! `net::serve`: every connection is served, a stop is graceful, and
//! neither a handler's failure nor a lack of descriptors ends the server.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use executor::net::{TcpListener, TcpStream, serve};
use executor::{
    RunError, TaskState, Wait, gather, now, race, run, sleep, spawn, spawn_named, tasks, timeout,
    try_run, yield_now,
};
use futures::io::{AsyncReadExt, AsyncWriteExt, copy};
use socket2::SockRef;

use crate::common::{
    Count, Gate, Log, OnDrop, in_own_process, must_be_refused, must_end, panic_text, poll_once,
    reports, run_to_end, virtual_runner,
};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn echo(stream: TcpStream, _peer: SocketAddr) -> io::Result<()> {
    copy(&stream, &mut &stream).await?;
    (&stream).close().await
}

/// Says hello and ends.
async fn greet(stream: TcpStream, _peer: SocketAddr) -> io::Result<()> {
    (&stream).write_all(b"hello").await?;
    (&stream).close().await
}

/// Reads until the other side ends.
async fn read_all(mut stream: TcpStream) -> io::Result<String> {
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

/// Turns until `condition` holds.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        sleep(MS).await;
    }
}

// ---- serving --------------------------------------------------------------

#[test]
fn every_connection_is_served_and_counted_and_leaves_no_task() {
    run_to_end(|| async {
        let (listener, address) = listen().await;
        let clients = async {
            for _ in 0..20 {
                let client = |n: u32| async move {
                    let mut stream = TcpStream::connect(address).await?;
                    stream.write_all(format!("client {n}").as_bytes()).await?;
                    stream.close().await?;
                    let echo = read_all(stream).await?;
                    assert_eq!(echo, format!("client {n}"));
                    io::Result::Ok(())
                };
                for outcome in gather((0..10).map(client).collect::<Vec<_>>()).await {
                    outcome.unwrap();
                }
            }
        };
        let served = serve(listener, echo).until(clients).await.unwrap();
        assert_eq!((served.connections, served.cancelled), (200, 0));
        assert_eq!(tasks().len(), 1);
    });
}

#[test]
fn no_more_connections_are_open_than_the_limit() {
    run_to_end(|| async {
        let (listener, address) = listen().await;
        let (now_open, most, ended) = (Count::default(), Rc::new(Cell::new(0)), Count::default());
        let open = Rc::new(Cell::new(0));
        let gate = Gate::new();
        let handler = {
            let (open, most, ended) = (open.clone(), most.clone(), ended.clone());
            let (gate, now_open) = (gate.clone(), now_open.clone());
            async move |_stream: TcpStream, _peer| {
                open.set(open.get() + 1);
                most.set(most.get().max(open.get()));
                now_open.add();
                gate.clone().wait().await;
                yield_now().await;
                open.set(open.get() - 1);
                ended.add();
                io::Result::Ok(())
            }
        };
        let clients = async {
            let connects = (0..7)
                .map(|_| TcpStream::connect(address))
                .collect::<Vec<_>>();
            // The kernel takes them all, whatever the limit.
            let streams = gather(connects).await;
            until(|| open.get() == 3).await;
            sleep(10 * MS).await;
            assert_eq!((open.get(), now_open.get()), (3, 3));
            gate.open();
            until(|| ended.get() == 7).await;
            drop(streams);
        };
        let served = serve(listener, handler)
            .limit(3)
            .until(clients)
            .await
            .unwrap();
        assert_eq!(served.connections, 7);
        assert_eq!(most.get(), 3);
    });
}

/// The connection that the server waits for cannot end: so neither can the
/// server, and both are in the report.
#[test]
fn a_server_at_its_limit_of_a_stalled_connection_is_a_stall_and_hides_none() {
    must_end(|| {
        let stalled = try_run(async {
            let (listener, address) = listen().await;
            let server = spawn_named("server", async move {
                let handler = async |stream, _| {
                    pending::<()>().await;
                    drop(stream);
                    io::Result::Ok(())
                };
                serve(listener, handler).limit(1).await
            });
            let _client = std::net::TcpStream::connect(address).unwrap();
            server.await.unwrap().unwrap();
        });
        let Err(RunError::Stalled { tasks, .. }) = stalled else {
            panic!("it is a stall");
        };
        let handler = tasks.last().unwrap();
        let [Wait::Join { task, .. }] = tasks[1].waits_for() else {
            panic!("{:?}", tasks[1]);
        };
        assert_eq!((tasks[1].name().as_str(), *task), ("server", handler.id()));
        assert_eq!(handler.state(), TaskState::Unwakeable);
    });
}

#[test]
fn a_server_that_is_dropped_at_its_limit_is_not_listed_as_waiting_any_more() {
    run_to_end(|| async {
        let (listener, address) = listen().await;
        let (begun, end) = (Count::default(), Gate::new());
        let handler = {
            let (begun, end) = (begun.clone(), end.clone());
            async move |_, _| {
                begun.add();
                end.clone().wait().await;
                io::Result::Ok(())
            }
        };
        let _client = std::net::TcpStream::connect(address).unwrap();
        let served = async { drop(serve(listener, handler).limit(1).await) };
        let first = until(|| begun.get() == 1);
        assert_eq!(race((pin!(served), pin!(first))).await.0, 1);
        let sleeper = spawn(async {
            sleep(MS).await;
            tasks()
        });
        let main = &sleeper.await.unwrap()[0];
        let [Wait::Join { name, .. }] = main.waits_for() else {
            panic!("{main:?}");
        };
        assert_eq!(name, "Task-3");
        end.open();
    });
}

#[test]
fn a_limit_of_zero_is_refused() {
    run_to_end(|| async {
        let (listener, _) = listen().await;
        let text = panic_text(|| drop(serve(listener, echo).limit(0)));
        assert_eq!(text, "serve(..).limit(0) would never serve a connection");
    });
}

#[test]
fn a_server_that_is_awaited_serves_for_ever() {
    run_to_end(|| async {
        let (listener, address) = listen().await;
        let client = async {
            for _ in 0..3 {
                let stream = TcpStream::connect(address).await?;
                assert_eq!(read_all(stream).await?, "hello");
            }
            io::Result::Ok(())
        };
        let server = async {
            let end = serve(listener, greet).await;
            panic!("it ended with {end:?}")
        };
        let (_, outcome) = race((Box::pin(client), Box::pin(server))).await;
        outcome.unwrap();
    });
}

// ---- stopping -------------------------------------------------------------

#[test]
fn a_stop_refuses_new_connections_and_waits_for_the_open_ones() {
    run_to_end(|| async {
        let (listener, address) = listen().await;
        let (stop, is_stopped) = (Gate::new(), Rc::new(Cell::new(false)));
        let server = spawn({
            let (stop, is_stopped) = (stop.clone(), is_stopped.clone());
            async move {
                let served = serve(listener, echo).until(stop.wait()).await.unwrap();
                is_stopped.set(true);
                served
            }
        });
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut byte = [0];
        stream.write_all(b"a").await.unwrap();
        stream.read_exact(&mut byte).await.unwrap();
        stop.open();
        must_be_refused(address).await;
        for _ in 0..10 {
            stream.write_all(b"b").await.unwrap();
            stream.read_exact(&mut byte).await.unwrap();
            assert_eq!(&byte, b"b");
        }
        assert!(!is_stopped.get());
        stream.close().await.unwrap();
        let served = server.await.unwrap();
        assert_eq!(served.cancelled, 0);
        assert!(is_stopped.get());
    });
}

#[test]
fn a_stop_without_connections_ends_the_server_at_once() {
    run_to_end(|| async {
        let (listener, _) = listen().await;
        let server = serve(listener, echo).grace(3600 * SECOND);
        let served = server.until(async {}).await.unwrap();
        assert_eq!((served.connections, served.cancelled), (0, 0));
    });
}

#[test]
fn connections_that_outlast_the_grace_period_are_cancelled_and_dropped() {
    must_end(|| {
        virtual_runner().run(async {
            let (listener, address) = listen().await;
            let (log, begun) = (Log::new(), Count::default());
            let handler = {
                let (log, begun) = (log.clone(), begun.clone());
                async move |_stream: TcpStream, _peer| {
                    let log = log.clone();
                    let _on_drop = OnDrop(move || log.push("dropped"));
                    begun.add();
                    match begun.get() {
                        1 => pending::<()>().await,
                        2 => sleep(6 * SECOND).await,
                        _ => sleep(4 * SECOND).await,
                    }
                    io::Result::Ok(())
                }
            };
            let server = serve(listener, handler).grace(5 * SECOND);
            let mut streams = Vec::new();
            let stop = async {
                for n in 1..=3 {
                    streams.push(TcpStream::connect(address).await.unwrap());
                    until(|| begun.get() == n).await;
                }
                log.push("stop");
            };
            let begin = now();
            let served = server.until(stop).await.unwrap();
            let took = now() - begin;
            assert_eq!((served.connections, served.cancelled), (3, 2));
            assert_eq!(log.take(), ["stop", "dropped", "dropped", "dropped"]);
            assert!((5 * SECOND..6 * SECOND).contains(&took), "{took:?}");
            // The peers see the end.
            for stream in streams {
                assert_eq!(read_all(stream).await.unwrap(), "");
            }
        });
    });
}

#[test]
fn a_server_that_is_dropped_leaves_open_connections_to_their_tasks() {
    run_to_end(|| async {
        let (listener, address) = listen().await;
        let client = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut byte = [0];
            stream.write_all(b"a").await.unwrap();
            stream.read_exact(&mut byte).await.unwrap();
            stream
        };
        let mut stream = {
            let server = Box::pin(async {
                serve(listener, echo).await.unwrap();
                unreachable!("the server is not stopped")
            });
            race((server, Box::pin(client))).await.1
        };
        must_be_refused(address).await;
        stream.write_all(b"still there?").await.unwrap();
        stream.close().await.unwrap();
        assert_eq!(read_all(stream).await.unwrap(), "still there?");
    });
}

// ---- handlers that fail ---------------------------------------------------

#[test]
fn the_error_of_a_handler_is_reported_with_the_address_of_the_peer() {
    let test = "net::serve::the_error_of_a_handler_is_reported_with_the_address_of_the_peer";
    if let Some(child) = in_own_process(test, &[]) {
        let stdout = String::from_utf8_lossy(&child.stdout);
        let (_, peer) = stdout.split_once("peer=").expect("it prints the peer");
        let peer = peer.lines().next().unwrap();
        assert_eq!(
            reports(&child),
            [format!("connection from {peer}: no luck")]
        );
        return;
    }
    run_to_end(|| async {
        let (listener, address) = listen().await;
        let handler = async |_stream: TcpStream, _peer| Err("no luck");
        let client = async {
            let stream = TcpStream::connect(address).await.unwrap();
            println!("peer={}", stream.local_addr().unwrap());
            assert_eq!(read_all(stream).await.unwrap(), "");
        };
        let served = serve(listener, handler).until(client).await.unwrap();
        assert_eq!((served.connections, served.cancelled), (1, 0));
    });
}

#[test]
fn the_errors_of_handlers_go_to_the_function_that_takes_them() {
    run_to_end(|| async {
        let (listener, address) = listen().await;
        let told = Rc::new(RefCell::new(Vec::new()));
        let server = serve(listener, async |_stream: TcpStream, _peer| Err("no luck")).on_error({
            let told = told.clone();
            move |peer, error| told.borrow_mut().push((peer, error.to_string()))
        });
        let mut peers = Vec::new();
        let clients = async {
            for _ in 0..3 {
                let stream = TcpStream::connect(address).await.unwrap();
                peers.push((stream.local_addr().unwrap(), "no luck".to_owned()));
                assert_eq!(read_all(stream).await.unwrap(), "");
            }
            until(|| told.borrow().len() == 3).await;
        };
        server.until(clients).await.unwrap();
        assert_eq!(*told.borrow(), peers);
    });
}

#[test]
fn a_handler_that_panics_is_reported_and_the_next_connection_is_served() {
    let test = "net::serve::a_handler_that_panics_is_reported_and_the_next_connection_is_served";
    if let Some(child) = in_own_process(test, &[]) {
        let reports = reports(&child);
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(reports[0].contains("no luck"), "{reports:?}");
        return;
    }
    run_to_end(|| async {
        let (listener, address) = listen().await;
        let calls = Count::default();
        let handler = async move |stream: TcpStream, peer| {
            calls.add();
            assert!(calls.get() != 1, "no luck");
            greet(stream, peer).await
        };
        let clients = async {
            // With a limit of one, the place of the first must be free again.
            for expected in ["", "hello", "hello"] {
                let stream = TcpStream::connect(address).await.unwrap();
                assert_eq!(read_all(stream).await.unwrap(), expected);
            }
        };
        let served = serve(listener, handler)
            .limit(1)
            .until(clients)
            .await
            .unwrap();
        assert_eq!((served.connections, served.cancelled), (3, 0));
    });
}

// ---- C250: no descriptor is left ------------------------------------------

/// Lets the process have no more descriptors than it has, and opens all that
/// the limit allows.
#[cfg(target_os = "linux")]
fn use_up_descriptors() -> Vec<std::fs::File> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = Rlimit {
        current: Some(64),
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut all = Vec::new();
    loop {
        match std::fs::File::open("/dev/null") {
            Ok(file) => all.push(file),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(24), "{error}");
                return all;
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn c250_without_descriptors_serve_says_so_once_waits_and_serves_every_client_later() {
    let test = "net::serve::c250_without_descriptors_serve_says_so_once_waits_and_serves_every_client_later";
    if let Some(child) = in_own_process(test, &[]) {
        let reports = reports(&child);
        assert_eq!(
            reports,
            [
                "no connection can be accepted for now: Too many open files (os error 24). Those \
                 that wait are served when others have closed; a higher limit (`ulimit -n`) or \
                 `serve(..).limit(n)` prevents this"
            ]
        );
        return;
    }
    must_end(|| {
        let clients = virtual_runner().run(async {
            let (listener, address) = listen().await;
            // The kernel takes these connections; the server does not yet.
            let clients = [(); 3].map(|()| std::net::TcpStream::connect(address).unwrap());
            let held = use_up_descriptors();
            let (served, polls) = (Count::default(), Count::default());
            let handler = {
                let served = served.clone();
                async move |stream: TcpStream, peer| {
                    served.add();
                    greet(stream, peer).await
                }
            };
            let all_served = {
                let served = served.clone();
                async move { until(|| served.get() == 3).await }
            };
            // Without its own timer, which would poll the server too.
            let stop = Gate::new();
            let server = spawn(crate::common::counted(
                &polls,
                serve(listener, handler).until(stop.clone().wait()),
            ));
            sleep(950 * MS).await;
            // At 0, 100, ... 900 ms, and no busy loop between.
            assert_eq!(polls.get(), 10);
            assert_eq!(served.get(), 0);
            drop(held);
            all_served.await;
            stop.open();
            let end = server.await.unwrap().unwrap();
            assert_eq!((end.connections, end.cancelled), (3, 0));
            clients
        });
        for mut client in clients {
            let mut text = String::new();
            client.read_to_string(&mut text).unwrap();
            assert_eq!(text, "hello");
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn c250_a_server_without_descriptors_still_stops_and_serves_the_open_connections() {
    let test =
        "net::serve::c250_a_server_without_descriptors_still_stops_and_serves_the_open_connections";
    if let Some(child) = in_own_process(test, &[]) {
        let reports = reports(&child);
        assert_eq!(reports.len(), 1, "{reports:?}");
        return;
    }
    run_to_end(|| async {
        let (listener, address) = listen().await;
        let mut first = TcpStream::connect(address).await.unwrap();
        let client = async {
            let mut byte = [0];
            first.write_all(b"a").await.unwrap();
            first.read_exact(&mut byte).await.unwrap();
            // The kernel takes it; before the server can, nothing is left.
            let waiting = std::net::TcpStream::connect(address).unwrap();
            let held = use_up_descriptors();
            sleep(150 * MS).await;
            for _ in 0..10 {
                first.write_all(b"b").await.unwrap();
                first.read_exact(&mut byte).await.unwrap();
            }
            first.close().await.unwrap();
            (waiting, held)
        };
        let mut kept = None;
        let stop = async { kept = Some(client.await) };
        let served = serve(listener, echo).until(stop).await.unwrap();
        assert_eq!((served.connections, served.cancelled), (1, 0));
        drop(kept);
    });
}

// ---- C251: other errors of accept -----------------------------------------

#[test]
fn c251_a_client_that_gives_up_before_it_is_accepted_disturbs_no_other() {
    run_to_end(|| async {
        let (listener, address) = listen().await;
        for _ in 0..3 {
            let gone = std::net::TcpStream::connect(address).unwrap();
            SockRef::from(&gone)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
            drop(gone); // a reset
        }
        let mut good = std::net::TcpStream::connect(address).unwrap();
        good.write_all(b"x").unwrap();
        let errors = Rc::new(RefCell::new(Vec::new()));
        let answered = Count::default();
        let handler = {
            let answered = answered.clone();
            async move |mut stream: TcpStream, _peer| {
                let mut byte = [0];
                stream.read_exact(&mut byte).await?;
                stream.write_all(&byte).await?;
                answered.add();
                io::Result::Ok(())
            }
        };
        let server = serve(listener, handler).on_error({
            let errors = errors.clone();
            move |_, error| errors.borrow_mut().push(error.to_string())
        });
        let done = until(|| answered.get() == 1);
        server.until(done).await.unwrap();
        let mut text = String::new();
        good.read_to_string(&mut text).unwrap();
        assert_eq!(text, "x");
        // Systems differ in whether such a connection is accepted at all.
        assert!(errors.borrow().len() <= 3, "{errors:?}");
    });
}

/// `accept` on a socket that was shut down fails for good.
#[cfg(target_os = "linux")]
#[test]
fn c251_an_error_that_no_waiting_mends_ends_the_server_and_is_given_back() {
    run_to_end(|| async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let same = listener.try_clone().unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let server = spawn(async move { serve(listener, echo).await });
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut byte = [0];
        stream.write_all(b"a").await.unwrap();
        stream.read_exact(&mut byte).await.unwrap();
        SockRef::from(&same)
            .shutdown(std::net::Shutdown::Both)
            .unwrap();
        let error = server.await.unwrap().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(22), "{error}");
        // The open connection still works.
        stream.write_all(b"b").await.unwrap();
        stream.read_exact(&mut byte).await.unwrap();
        assert_eq!(&byte, b"b");
    });
}

#[test]
fn a_stop_that_comes_with_a_connection_still_waiting_resets_it() {
    run_to_end(|| async {
        let (listener, address) = listen().await;
        let (begun, stop) = (Count::default(), Gate::new());
        let handler = {
            let begun = begun.clone();
            async move |stream: TcpStream, peer| {
                begun.add();
                echo(stream, peer).await
            }
        };
        let mut server = Box::pin(serve(listener, handler).limit(1).until(stop.clone().wait()));
        assert!(poll_once(&mut server).await.is_pending());
        let client = async {
            let mut first = TcpStream::connect(address).await.unwrap();
            until(|| begun.get() == 1).await;
            let second = TcpStream::connect(address).await.unwrap();
            stop.open();
            // The server never accepts the second one.
            let outcome = timeout(60 * SECOND, read_all(second)).await.unwrap();
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::ConnectionReset);
            first.close().await.unwrap();
            assert_eq!(read_all(first).await.unwrap(), "");
        };
        let (served, ()) = gather((server, client)).await;
        assert_eq!(served.unwrap().connections, 1);
    });
}

/// The loop may end while the server runs.
#[test]
fn a_server_that_is_left_at_the_end_of_the_loop_is_dropped_with_its_connections() {
    must_end(|| {
        let mut client = run(async {
            let (listener, address) = listen().await;
            spawn(async move { serve(listener, echo).await });
            let mut client = std::net::TcpStream::connect(address).unwrap();
            client.write_all(b"a").unwrap();
            client.set_nonblocking(true).unwrap();
            until(|| client.peek(&mut [0]).is_ok()).await;
            client.set_nonblocking(false).unwrap();
            client
        });
        let mut bytes = Vec::new();
        client.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"a");
    });
}
