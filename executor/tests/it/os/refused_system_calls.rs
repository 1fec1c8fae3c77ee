//! System calls that fail: each system call that the loop makes is refused, and
//! the result is the documented error, not a hang.
//!
//! A seccomp filter of the thread returns an error number instead of the kernel.
//! A filter cannot be removed, and threads inherit it. So each test runs on a
//! thread of its own, and then checks that the rest of the process still works.

use std::future::poll_fn;
use std::io::{ErrorKind, Write};
use std::panic::catch_unwind;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use executor::net::{Served, TcpListener, TcpStream, UdpSocket, UnixListener, lookup_host, serve};
use executor::process::Command;
use executor::{
    Handle, OnPanic, RunError, Runner, ThreadPool, now, run, run_in_executor, sleep, spawn, tasks,
    timeout, to_thread, yield_now,
};
use futures::StreamExt;
use futures::io::AsyncWriteExt;
use libc::c_long;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

use crate::common::{
    Count, Gate, Log, OnDrop, connected, counted, in_own_process, must_end, panic_text, poll_once,
    read_some, reports, until_waiting, virtual_runner, with_raw_peer,
};

const MS: Duration = Duration::from_millis(1);

/// The calls that create the poller, and the unparker in it.
const MAKE_POLLER: &[c_long] = &[libc::SYS_epoll_create1];
const MAKE_UNPARKER: &[c_long] = &[libc::SYS_eventfd2];
const REGISTER: &[c_long] = &[libc::SYS_epoll_ctl];
/// The calls that wait for sockets: whole milliseconds, and the rest of one.
const WAIT: &[c_long] = &[
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
];
const WAIT_PRECISELY: &[c_long] = &[libc::SYS_poll, libc::SYS_ppoll];
const TIMER_SLACK: &[c_long] = &[libc::SYS_prctl];
const START_THREAD: &[c_long] = &[libc::SYS_clone, libc::SYS_clone3];

/// Makes these calls of this thread fail with `error`, permanently.
fn refuse(calls: &[c_long], error: i32) {
    try_to_refuse(calls, error).unwrap();
}

fn try_to_refuse(calls: &[c_long], error: i32) -> Result<(), seccompiler::Error> {
    let whatever_they_are_given = Vec::new;
    let rules = calls.iter().map(|&call| (call, whatever_they_are_given()));
    let filter = SeccompFilter::new(
        rules.collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(error.unsigned_abs()),
        std::env::consts::ARCH.try_into()?,
    )?;
    apply_filter(&BpfProgram::try_from(filter)?)
}

/// Whether a thread may set a filter. Some containers do not allow it.
fn may_refuse() -> bool {
    let may = std::thread::spawn(|| try_to_refuse(&[libc::SYS_reboot], libc::EPERM));
    let may = may.join().unwrap();
    if let Err(error) = &may {
        println!("skipped: this system refuses a seccomp filter: {error}");
    }
    may.is_ok()
}

/// Runs a test on a thread of its own, and then, on another, a loop that needs
/// everything.
#[track_caller]
fn on_its_own_thread(test: impl FnOnce() + Send + 'static) {
    if !may_refuse() {
        return;
    }
    must_end(test);
    must_end(everything_works);
}

fn everything_works() {
    run(async {
        let (one, two) = connected().await;
        (&one).write_all(b"works").await.unwrap();
        assert_eq!(read_some(&two, 16).await, b"works");
        sleep(MS / 2).await;
        assert_eq!(to_thread(|| 7).await, 7);
    });
}

/// Tasks, timers and threads, which must work without sockets.
async fn the_rest_works() {
    let task = spawn(async {
        sleep(MS).await;
        7
    });
    assert_eq!(task.await.unwrap(), 7);
    assert!(timeout(MS, std::future::pending::<()>()).await.is_err());
}

// ---- making the poller ----------------------------------------------------

#[test]
fn without_a_poller_each_kind_of_socket_gives_an_error_and_the_loop_goes_on() {
    on_its_own_thread(|| {
        refuse(MAKE_POLLER, libc::ENOMEM);
        run(async {
            for _ in 0..2 {
                let error = TcpListener::bind("127.0.0.1:0").await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::OutOfMemory);
                let text = error.to_string();
                assert!(text.starts_with("cannot listen on 127.0.0.1:0: "), "{text}");
                let error = UdpSocket::bind("127.0.0.1:0").await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::OutOfMemory);
                let path = std::env::temp_dir().join(format!("refused-{}", std::process::id()));
                let error = UnixListener::bind(&path).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::OutOfMemory);
                assert!(!path.exists(), "what it made is gone with it");
                let error = executor::signal::ctrl_c().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::OutOfMemory);
                the_rest_works().await;
            }
        });
    });
}

#[test]
fn without_an_unparker_for_the_poller_there_is_no_poller_and_the_loop_continues() {
    on_its_own_thread(|| {
        refuse(MAKE_UNPARKER, libc::EMFILE);
        run(async {
            for _ in 0..2 {
                let error = TcpListener::bind("127.0.0.1:0").await.unwrap_err();
                let start = "cannot listen on 127.0.0.1:0: Too many open files";
                assert!(error.to_string().starts_with(start), "{error}");
                the_rest_works().await;
                assert_eq!(to_thread(|| 7).await, 7);
            }
        });
    });
}

#[test]
fn a_socket_that_the_poller_refuses_is_an_error_and_those_it_has_go_on() {
    on_its_own_thread(|| {
        run(async {
            let (one, two) = connected().await;
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            refuse(REGISTER, libc::ENOSPC); // as when max_user_watches are in use
            for _ in 0..2 {
                let error = TcpStream::connect(addr).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
                let error = TcpListener::bind("127.0.0.1:0").await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
            }
            let reader = spawn(async move { read_some(&two, 16).await });
            until_waiting(&reader).await;
            (&one).write_all(b"still here").await.unwrap();
            assert_eq!(reader.await.unwrap(), b"still here");
            // A connection that cannot be registered is kept for the next call.
            let raw = std::net::TcpStream::connect(addr).unwrap();
            for _ in 0..3 {
                let error = listener.accept().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
            }
            assert_open(&raw);
            drop(raw);
            the_rest_works().await;
        });
    });
}

// ---- accepting ------------------------------------------------------------

const ACCEPT: &[c_long] = &[libc::SYS_accept, libc::SYS_accept4];

/// Errors of one connection: the listener goes on with the next.
const OF_A_CONNECTION: &[i32] = &[
    libc::ECONNABORTED,
    libc::ECONNRESET,
    libc::ECONNREFUSED,
    libc::EPROTO,
    libc::ENOPROTOOPT,
    libc::EPROTONOSUPPORT,
    libc::ESOCKTNOSUPPORT,
    libc::EOPNOTSUPP,
    libc::ENETDOWN,
    libc::ENETUNREACH,
    libc::EHOSTDOWN,
    libc::EHOSTUNREACH,
    libc::ENONET,
    libc::ETIMEDOUT,
    libc::EPERM,
];
/// Errors that pass when the machine has more.
const OF_RESOURCES: &[i32] = &[
    libc::EMFILE,
    libc::ENFILE,
    libc::ENOBUFS,
    libc::ENOMEM,
    libc::ENOSPC,
    libc::ENOSR,
];
const OF_THE_LISTENER: &[i32] = &[libc::EBADF, libc::EINVAL, libc::ENOTSOCK, libc::EFAULT];

/// Runs a test again as a program of its own, in which each error is injected
/// on a thread of its own; returns what the program reported on stderr.
#[track_caller]
fn injected(test: &str, errors: &[i32], check: fn(i32)) -> Option<Vec<String>> {
    if !may_refuse() {
        return None;
    }
    let test = format!("os::refused_system_calls::{test}");
    if let Some(child) = in_own_process(&test, &[]) {
        return Some(reports(&child));
    }
    for &error in errors {
        must_end(move || check(error));
    }
    None
}

/// What a server does within 950 ms of virtual time in which every accept fails:
/// the times at which it tries, and its end.
fn serve_without_accept(error: i32) -> (Vec<String>, Option<std::io::Result<Served>>) {
    virtual_runner().run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        refuse(ACCEPT, error);
        let (tries, began) = (Log::new(), now());
        let server = serve(listener, async |_, _| std::io::Result::Ok(()));
        let stop = Gate::new();
        let mut server = Box::pin(server.until(stop.clone().wait()));
        let tried = tries.clone();
        let server = spawn(poll_fn(move |cx| {
            tried.push((now() - began).as_millis());
            server.as_mut().poll(cx)
        }));
        sleep(950 * MS).await;
        let times = tries.take();
        stop.open();
        let end = server.await.unwrap();
        (times, Some(end))
    })
}

fn ten_times_a_second() -> Vec<String> {
    (0..10).map(|n| (n * 100).to_string()).collect()
}

#[test]
fn r005_a_server_goes_on_after_an_error_of_a_connection() {
    let test = "r005_a_server_goes_on_after_an_error_of_a_connection";
    let reported = injected(test, OF_A_CONNECTION, |error| {
        let (mut times, end) = serve_without_accept(error);
        // It tries more often than connections can wait before it pauses, and
        // lets others run meanwhile.
        assert!(times.len() > 300, "{times:?}");
        times.dedup();
        assert_eq!(times, ten_times_a_second(), "{error}");
        assert_eq!(end.unwrap().unwrap().connections, 0, "{error}");
    });
    if let Some(reported) = reported {
        let says_so = |text: &&String| text.starts_with("no connection can be accepted for now");
        assert_eq!(
            reported.iter().filter(says_so).count(),
            OF_A_CONNECTION.len()
        );
    }
}

#[test]
fn a_server_that_lacks_something_says_so_once_and_tries_ten_times_a_second() {
    let test = "a_server_that_lacks_something_says_so_once_and_tries_ten_times_a_second";
    let reported = injected(test, OF_RESOURCES, |error| {
        let (times, end) = serve_without_accept(error);
        assert_eq!(times, ten_times_a_second(), "{error}");
        assert_eq!(end.unwrap().unwrap().connections, 0, "{error}");
    });
    if let Some(reported) = reported {
        let says_so = |text: &&String| text.starts_with("no connection can be accepted for now");
        assert_eq!(reported.iter().filter(says_so).count(), OF_RESOURCES.len());
        let with_remedy = |text: &&String| text.contains("ulimit -n");
        assert_eq!(reported.iter().filter(with_remedy).count(), 2);
    }
}

#[test]
fn a_server_ends_with_an_error_of_its_listener() {
    let test = "a_server_ends_with_an_error_of_its_listener";
    let reported = injected(test, OF_THE_LISTENER, |error| {
        let (times, end) = serve_without_accept(error);
        assert_eq!(times, ["0"], "{error}");
        let end = end.unwrap().unwrap_err();
        assert_eq!(end.raw_os_error(), Some(error), "{end}");
    });
    assert_eq!(reported.unwrap_or_default(), [""; 0]);
}

/// The error itself, after as many attempts as connections can wait, during
/// which other tasks run.
#[test]
fn accept_skips_errors_of_connections_and_gives_all_others_on_every_kind_of_listener() {
    if !may_refuse() {
        return;
    }
    let all = [OF_A_CONNECTION, OF_RESOURCES, OF_THE_LISTENER].concat();
    for error in all {
        must_end(move || {
            run(async {
                let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let name = format!("executor-it-{}-refused-{error}.sock", std::process::id());
                let unix = UnixListener::bind(std::env::temp_dir().join(name)).unwrap();
                refuse(ACCEPT, error);
                let turns = Count::default();
                let counter = spawn({
                    let turns = turns.clone();
                    async move {
                        loop {
                            turns.add();
                            yield_now().await;
                        }
                    }
                });
                let is_skipped = OF_A_CONNECTION.contains(&error);
                let got: [std::io::Error; 3] = [
                    tcp.accept().await.unwrap_err(),
                    unix.accept().await.unwrap_err(),
                    tcp.incoming().next().await.unwrap().unwrap_err(),
                ];
                for it in got {
                    assert_eq!(it.raw_os_error(), Some(error), "{it}");
                }
                assert_eq!(
                    turns.get() >= 3 * 30,
                    is_skipped,
                    "{error}: {}",
                    turns.get()
                );
                counter.cancel();
            });
        });
    }
}

/// `max_user_watches` are in use: a connection is accepted and cannot be
/// registered.
#[test]
fn a_server_whose_poller_takes_no_more_sockets_goes_on() {
    let test = "os::refused_system_calls::a_server_whose_poller_takes_no_more_sockets_goes_on";
    if let Some(child) = in_own_process(test, &[]) {
        let all = reports(&child);
        let says_so = |text: &&String| text.starts_with("no connection can be accepted for now");
        assert_eq!(
            all.iter().filter(says_so).count(),
            usize::from(may_refuse())
        );
        return;
    }
    on_its_own_thread(|| {
        run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let stop = Gate::new();
            let served = serve(listener, async |_, _| std::io::Result::Ok(()));
            let server = spawn(served.until(stop.clone().wait()));
            until_waiting(&server).await;
            refuse(REGISTER, libc::ENOSPC);
            let clients = [(); 3].map(|()| std::net::TcpStream::connect(address).unwrap());
            sleep(250 * MS).await; // two attempts, or three
            assert!(!server.is_finished());
            clients.iter().for_each(assert_open); // they wait
            stop.open();
            assert_eq!(server.await.unwrap().unwrap().connections, 0);
        });
    });
}

/// Asserts that the other side has not closed a connection.
fn assert_open(client: &std::net::TcpStream) {
    client.set_nonblocking(true).unwrap();
    let error = client.peek(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
}

// ---- waiting in the poller ------------------------------------------------

/// The text that a run panics with when its poller cannot be waited for.
fn poller_fails_with(error: &str) -> String {
    format!("the loop could not wait for its sockets (mio's Poll::poll): {error}")
}

#[test]
fn a_poller_that_fails_ends_the_run_in_words_and_drops_every_task() {
    on_its_own_thread(|| {
        let log = Rc::new(Log::new());
        let text = panic_text(|| {
            run(async {
                let (one, two) = connected().await;
                let told = Rc::clone(&log);
                let reader = spawn(async move {
                    let _told = OnDrop(move || told.push("the reader is dropped"));
                    read_some(&two, 1).await
                });
                until_waiting(&reader).await;
                let told = Rc::clone(&log);
                let _told = OnDrop(move || told.push("main is dropped"));
                refuse(WAIT, libc::EIO);
                reader.await.unwrap();
                drop(one);
            })
        });
        let start = poller_fails_with("Input/output error");
        assert!(text.starts_with(&start), "{text}");
        assert_eq!(log.take(), ["main is dropped", "the reader is dropped"]);
        // The thread may have loops without sockets.
        run(the_rest_works());
    });
}

#[test]
fn a_wait_of_less_than_a_millisecond_that_fails_ends_the_run_alike() {
    on_its_own_thread(|| {
        let text = panic_text(|| {
            run(async {
                let (_one, _two) = connected().await;
                refuse(WAIT_PRECISELY, libc::ENOMEM);
                loop {
                    // Until one is asked for: a slow machine finds it over.
                    sleep(MS / 2).await;
                }
            })
        });
        let start = poller_fails_with("Cannot allocate memory");
        assert!(text.starts_with(&start), "{text}");
    });
}

#[test]
fn a_runner_whose_poller_failed_is_closed_like_any_other() {
    on_its_own_thread(|| {
        let mut runner = Runner::new();
        let dropped = Count::default();
        let count = dropped.clone();
        let text = panic_text(|| {
            runner.run(async move {
                let (one, two) = connected().await;
                let _background = spawn(async move {
                    let _counts = OnDrop(move || count.add());
                    read_some(&two, 1).await
                });
                refuse(WAIT, libc::EBADF);
                sleep(Duration::from_secs(120)).await;
                drop(one);
            })
        });
        assert!(
            text.starts_with(&poller_fails_with("Bad file descriptor")),
            "{text}"
        );
        assert_eq!(dropped.get(), 0, "its tasks survive the run");
        runner.close();
        assert_eq!(dropped.get(), 1);
        let closed = runner.try_run(async {});
        assert!(matches!(closed, Err(RunError::Closed)));
    });
}

#[test]
fn every_wait_for_a_loop_whose_poller_failed_ends_with_an_error() {
    on_its_own_thread(|| {
        let (send_handle, handle) = mpsc::channel::<Handle>();
        let asks = std::thread::spawn(move || {
            let handle = handle.recv().unwrap();
            let never = handle.spawn(std::future::pending::<()>);
            let first = never.wait().unwrap_err();
            let later = handle.spawn(async || ()).wait().unwrap_err();
            (first.is_cancelled(), later.is_closed())
        });
        let text = panic_text(|| {
            run(async move {
                let (_one, two) = connected().await;
                send_handle.send(Handle::current()).unwrap();
                while tasks().len() < 2 {
                    sleep(MS).await;
                }
                refuse(WAIT, libc::EIO);
                read_some(&two, 1).await;
            })
        });
        assert!(text.starts_with(&poller_fails_with("")), "{text}");
        assert_eq!(asks.join().unwrap(), (true, true));
    });
}

/// No thread can unpark the loop then, so the loop checks at intervals.
#[test]
fn the_end_of_a_run_whose_poller_failed_still_waits_for_thread_jobs() {
    on_its_own_thread(|| {
        let (open, gate) = mpsc::channel::<()>();
        let ended = Arc::new(AtomicUsize::new(0));
        let told = Arc::clone(&ended);
        let text = panic_text(|| {
            run(async move {
                let (_one, two) = connected().await;
                let (began, has_begun) = mpsc::channel();
                let mut job = to_thread(move || {
                    began.send(()).unwrap();
                    let _ = gate.recv();
                    told.fetch_add(1, Ordering::SeqCst);
                });
                assert!(poll_once(&mut job).await.is_pending());
                has_begun.recv().unwrap();
                // Dropped with main, before the loop waits for the job.
                let _open = open;
                refuse(WAIT, libc::EIO);
                read_some(&two, 1).await;
            })
        });
        assert!(text.starts_with(&poller_fails_with("")), "{text}");
        assert_eq!(ended.load(Ordering::SeqCst), 1);
        run(the_rest_works());
    });
}

/// The second panic would be one in a destructor: the end of the process.
#[test]
fn a_runner_that_is_dropped_by_the_panic_of_its_poller_may_have_thread_jobs() {
    on_its_own_thread(|| {
        let (open, gate) = mpsc::channel::<()>();
        let text = panic_text(|| {
            let mut runner = Runner::builder().shutdown_timeout(MS).build();
            runner.run(async move {
                let (_one, two) = connected().await;
                let (began, has_begun) = mpsc::channel();
                let mut job = to_thread(move || {
                    began.send(()).unwrap();
                    gate.recv()
                });
                assert!(poll_once(&mut job).await.is_pending());
                has_begun.recv().unwrap();
                refuse(WAIT, libc::EIO);
                read_some(&two, 1).await;
            })
        });
        assert!(text.starts_with(&poller_fails_with("")), "{text}");
        drop(open);
    });
}

/// What it waits for without end, it waits for again: it does not go round and
/// round in the belief that it has been rung for.
#[test]
fn a_runner_whose_poller_failed_may_run_again_and_fails_again() {
    on_its_own_thread(|| {
        let mut runner = Runner::new();
        let first = panic_text(|| {
            runner.run(async {
                let (_one, two) = connected().await;
                refuse(WAIT, libc::EIO);
                read_some(&two, 1).await;
            })
        });
        assert!(first.starts_with(&poller_fails_with("")), "{first}");
        let again = panic_text(|| runner.run(sleep(Duration::from_secs(120))));
        assert_eq!(again, first);
        assert_eq!(runner.run(async { spawn(async { 7 }).await.unwrap() }), 7);
    });
}

/// An unpark that fails is an error of the machine, not of the task: it panics in
/// the call, and the loop still finds the message.
#[test]
fn an_unpark_that_fails_panics_where_it_is_called_and_the_message_arrives() {
    on_its_own_thread(|| {
        run(async {
            let (_one, _two) = connected().await;
            let handle = Handle::current();
            let posted = Arc::new(AtomicUsize::new(0));
            let (arrived, post) = (Arc::clone(&posted), Arc::clone(&posted));
            let posts = std::thread::spawn(move || {
                refuse(&[libc::SYS_write], libc::ENOMEM);
                // A running loop needs no unpark: post until one finds it parked.
                loop {
                    post.fetch_add(1, Ordering::SeqCst);
                    let arrived = Arc::clone(&arrived);
                    let message = async move || arrived.fetch_sub(1, Ordering::SeqCst);
                    let unparked = catch_unwind(|| drop(handle.spawn(message)));
                    if let Err(panic) = unparked {
                        return *panic.downcast::<String>().unwrap();
                    }
                    std::thread::sleep(MS);
                }
            });
            while !posts.is_finished() {
                sleep(MS * 20).await;
            }
            let text = posts.join().unwrap();
            assert!(text.starts_with("the poller can be woken"), "{text}");
            // Each message arrives, the one whose unpark failed included.
            while posted.load(Ordering::SeqCst) > 0 {
                sleep(MS).await;
            }
        });
    });
}

// ---- the clock's precision ------------------------------------------------

#[test]
fn without_timer_slack_sleeps_are_late_and_never_early() {
    on_its_own_thread(|| {
        refuse(TIMER_SLACK, libc::EPERM);
        run(async {
            let before = Instant::now();
            for _ in 0..10 {
                sleep(MS / 10).await;
            }
            assert!(before.elapsed() >= MS);
            the_rest_works().await;
        });
    });
}

// ---- threads --------------------------------------------------------------

#[test]
fn c190_without_a_thread_a_call_is_an_error_and_so_is_a_background_loop() {
    on_its_own_thread(|| {
        refuse(START_THREAD, libc::EAGAIN);
        run(async {
            for _ in 0..2 {
                let error = spawn(to_thread(|| ())).await.unwrap_err();
                let text = error.to_string();
                assert!(
                    text.contains("no thread could be started for the call at "),
                    "{text}"
                );
                assert!(text.contains("Resource temporarily unavailable"), "{text}");
                the_rest_works().await;
            }
        });
        let text = panic_text(Runner::background);
        assert!(
            text.starts_with("no thread could be started for a loop: "),
            "{text}"
        );
    });
}

#[test]
fn a_pool_that_cannot_grow_does_its_calls_on_the_threads_that_it_has() {
    on_its_own_thread(|| {
        let pool = ThreadPool::new(4);
        run(async {
            let (open, gate) = mpsc::channel::<()>();
            let mut first = run_in_executor(&pool, move || {
                let _ = gate.recv(); // so that its thread stays
                std::thread::current().id()
            });
            assert!(poll_once(&mut first).await.is_pending());
            refuse(START_THREAD, libc::EAGAIN);
            let calls = (0..8).map(|_| run_in_executor(&pool, || std::thread::current().id()));
            let mut calls = executor::gather(calls.collect::<Vec<_>>());
            assert!(poll_once(&mut calls).await.is_pending());
            drop(open);
            assert_eq!(calls.await, [first.await; 8]);
        });
    });
}

/// `EAGAIN` of a thread is not `WouldBlock`: polling again is of no use.
#[test]
fn without_a_thread_a_lookup_and_a_line_of_stdin_are_errors() {
    on_its_own_thread(|| {
        refuse(START_THREAD, libc::EAGAIN);
        run(async {
            for _ in 0..2 {
                let reason = "no thread could be started";
                let errors = [
                    lookup_host("localhost:80").await.unwrap_err(),
                    TcpStream::connect("localhost:80").await.unwrap_err(),
                    TcpListener::bind("localhost:0").await.unwrap_err(),
                    UdpSocket::bind("localhost:0").await.unwrap_err(),
                ];
                for error in errors {
                    assert_eq!(error.kind(), ErrorKind::Other, "{error}");
                    let start = format!("cannot look up localhost: {reason}");
                    assert!(error.to_string().starts_with(&start), "{error}");
                }
                let line = executor::io::stdin_lines().next().await;
                let error = line.unwrap().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Other, "{error}");
                assert!(error.to_string().starts_with(reason), "{error}");
                the_rest_works().await;
            }
        });
    });
}

#[test]
fn without_a_process_a_command_is_an_error_that_does_not_ask_to_be_polled_again() {
    on_its_own_thread(|| {
        let start = [START_THREAD, &[libc::SYS_fork, libc::SYS_vfork]].concat();
        refuse(&start, libc::EAGAIN);
        run(async {
            let error = Command::new("true").status().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{error}");
            let text = "cannot start true: Resource temporarily unavailable";
            assert!(error.to_string().starts_with(text), "{error}");
        });
    });
}

// ---- child processes ------------------------------------------------------

#[test]
fn a_kernel_that_cannot_tell_of_a_childs_end_is_an_error_and_leaves_no_zombie() {
    on_its_own_thread(|| {
        refuse(&[libc::SYS_pidfd_open], libc::ENOSYS);
        run(async {
            // One that lives until it is killed: of one that has ended, the loop
            // need not ask when it does.
            let mut command = Command::new("sleep");
            let mut child = command.arg("1000").kill_on_drop(true).spawn().unwrap();
            let id = child.id();
            let error = child.wait().await.unwrap_err();
            assert!(
                error.to_string().contains("Function not implemented"),
                "{error}"
            );
            drop(child);
            while std::fs::exists(format!("/proc/{id}")).unwrap() {
                sleep(MS).await;
            }
            the_rest_works().await;
        });
    });
}

// ---- reading and writing --------------------------------------------------

#[test]
fn an_error_of_the_kernel_is_the_error_of_that_read_and_does_not_spin() {
    on_its_own_thread(|| {
        run(async {
            let (ours, mut theirs) = with_raw_peer().await;
            theirs.write_all(b"unread").unwrap();
            refuse(
                &[libc::SYS_recvfrom, libc::SYS_read, libc::SYS_readv],
                libc::ENOBUFS,
            );
            let polls = Count::default();
            let read = counted(&polls, async {
                use futures::io::AsyncReadExt;
                (&ours).read(&mut [0; 16]).await
            });
            let error = read.await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ENOBUFS), "{error}");
            assert!(polls.get() <= 2, "{} polls", polls.get());
        });
    });
}

#[test]
fn with_stop_a_panic_and_a_failed_poller_are_one_panic() {
    on_its_own_thread(|| {
        let mut runner = Runner::builder().on_panic(OnPanic::Stop).build();
        let text = panic_text(|| {
            runner.run(async {
                let (_one, two) = connected().await;
                let _task = spawn(async { panic!("the task's own") });
                refuse(WAIT, libc::EIO);
                read_some(&two, 1).await;
            })
        });
        assert_eq!(text, "the task's own");
        runner.close();
    });
}

/// The observers' threads are no condition for the program.
#[test]
fn without_threads_debug_mode_and_executor_ps_say_so_and_the_loop_continues() {
    use crate::common::{in_own_process, reports};
    const TEST: &str = "os::refused_system_calls::\
                        without_threads_debug_mode_and_executor_ps_say_so_and_the_loop_continues";
    if !may_refuse() {
        return;
    }
    let both = [("EXECUTOR_DEBUG", "1"), ("EXECUTOR_PS", "1")];
    let Some(child) = in_own_process(TEST, &both) else {
        refuse(START_THREAD, libc::EAGAIN);
        for _ in 0..2 {
            run(the_rest_works());
        }
        return;
    };
    let reports = reports(&child);
    let refused = "Resource temporarily unavailable (os error 11)";
    let of_one_loop = [
        format!("debug mode has no watchdog, because its thread could not be started: {refused}"),
        format!("EXECUTOR_PS is set, but this process cannot be asked: {refused}"),
    ];
    assert_eq!(reports, [&of_one_loop[..], &of_one_loop[..]].concat());
}
