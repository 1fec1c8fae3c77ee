//! Sockets beside the rest of the loop: they hide neither timers nor messages nor
//! other tasks, and none of those hides a socket.

use std::future::pending;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

#[cfg(feature = "observe")]
use executor::instrument::{Event, Recorder};
use executor::net::UdpSocket;
use executor::{
    Handle, RunError, Runner, gather, now, sleep, sleep_until, spawn, to_thread, try_run, yield_now,
};
use futures::io::{AsyncReadExt, AsyncWriteExt};

#[cfg(feature = "observe")]
use crate::common::count;
use crate::common::{
    Log, connected, echo, must_end, read_some, run_to_end, until_waiting, virtual_runner,
    with_raw_peer,
};

const MS: Duration = Duration::from_millis(1);

#[cfg(feature = "observe")]
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

/// Each wait is a voluntary switch to another thread.
#[cfg(target_os = "linux")]
#[test]
fn a_thousand_virtual_sleeps_beside_an_accept_that_waits_block_the_thread_once() {
    fn switches() -> u64 {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("voluntary_ctxt_switches"));
        let number = line.unwrap().split_whitespace().last();
        number.unwrap().parse().unwrap()
    }

    must_end(|| {
        virtual_runner().run(async {
            let listener = executor::net::TcpListener::bind("127.0.0.1:0")
                .await
                .unwrap();
            let address = listener.local_addr().unwrap();
            let accept = spawn(async move { listener.accept().await.map(drop) });
            sleep(MS).await;
            let before = switches();
            for _ in 0..1_000 {
                sleep(MS).await;
            }
            let waits = switches() - before;
            assert!(waits < 200, "{waits} waits");
            // What has arrived is seen before the next jump.
            let began = now();
            let _client = std::net::TcpStream::connect(address).unwrap();
            sleep(MS).await;
            accept.await.unwrap().unwrap();
            assert_eq!(now() - began, MS);
        });
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
fn a_loop_with_sockets_that_no_task_waits_for_can_stall() {
    must_end(|| {
        let result = try_run(async {
            let _pair = with_raw_peer().await;
            pending::<()>().await;
        });
        assert!(matches!(result, Err(RunError::Stalled { .. })));
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
