//! hyper and axum on this loop: what they ask of a runtime, they get.
//!
//! Everything runs over real sockets on loopback; what waits for a time-out
//! runs in virtual time.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::error::Error;
use std::future::{pending, poll_fn};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use executor::hyper::{Executor, Io, Timer};
use executor::net::{TcpListener, TcpStream};
use executor::{JoinHandle, Runner, Sleep, now, run, sleep, spawn};
use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::rt::{Executor as _, Read as _, ReadBuf, Timer as _, Write as _};
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper::{Request, Response, StatusCode};

type Failure = Box<dyn Error + Send + Sync>;

// ---- helpers ----------------------------------------------------------------

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// Serves one connection; the handle gives what hyper said at its end.
async fn serve_one<S>(service: S) -> (SocketAddr, JoinHandle<hyper::Result<()>>)
where
    S: HttpService<Incoming> + 'static,
    S::Error: Into<Failure>,
    S::ResBody: 'static,
    <S::ResBody as Body>::Error: Into<Failure>,
{
    let (listener, addr) = listen().await;
    let server = spawn(async move {
        let (stream, _peer) = listener.accept().await.unwrap();
        let mut http = http1::Builder::new();
        http.timer(Timer::new());
        http.serve_connection(Io::new(stream), service).await
    });
    (addr, server)
}

async fn connect<B>(addr: SocketAddr) -> SendRequest<B>
where
    B: Body + 'static,
    B::Data: Send,
    B::Error: Into<Failure>,
{
    let stream = TcpStream::connect(addr).await.unwrap();
    let (sender, connection) = hyper::client::conn::http1::handshake(Io::new(stream))
        .await
        .unwrap();
    spawn(connection);
    sender
}

fn get(path: &str) -> Request<Empty<Bytes>> {
    let request = Request::get(path).header("host", "localhost");
    request.body(Empty::new()).unwrap()
}

async fn text(response: Response<Incoming>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.into()).unwrap()
}

/// A body that gives a numbered line now and then, and cannot leave its
/// thread.
struct Ticks {
    left: u32,
    pause: Duration,
    nap: Pin<Box<Sleep>>,
    dropped: Rc<Cell<bool>>,
}

impl Ticks {
    fn new(count: u32, pause: Duration) -> (Self, Rc<Cell<bool>>) {
        let dropped = Rc::new(Cell::new(false));
        let ticks = Ticks {
            left: count,
            pause,
            nap: Box::pin(sleep(pause)),
            dropped: Rc::clone(&dropped),
        };
        (ticks, dropped)
    }
}

impl Body for Ticks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if self.nap.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let pause = self.pause;
        self.nap.set(sleep(pause));
        self.left -= 1;
        let line = format!("tick {}\n", self.left);
        Poll::Ready(Some(Ok(Frame::data(line.into()))))
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        self.dropped.set(true);
    }
}

// ---- services and bodies ------------------------------------------------------

#[test]
fn c284_a_thousand_requests_over_one_connection_to_a_service_that_is_not_send() {
    run(async {
        let count = Rc::new(Cell::new(0));
        let seen = Rc::clone(&count);
        let service = service_fn(move |request: Request<Incoming>| {
            let count = Rc::clone(&count);
            async move {
                count.set(count.get() + 1);
                let text = format!("{} is request {}", request.uri().path(), count.get());
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(text)))
            }
        });
        let (addr, server) = serve_one(service).await;
        let mut sender = connect(addr).await;
        for i in 1..=1000 {
            sender.ready().await.unwrap();
            let response = sender.send_request(get(&format!("/{i}"))).await.unwrap();
            assert_eq!(text(response).await, format!("/{i} is request {i}"));
        }
        drop(sender);
        server.await.unwrap().unwrap();
        assert_eq!(seen.get(), 1000);
    });
}

#[test]
fn many_connections_at_once_do_not_mix_their_bytes() {
    run(async {
        let (listener, addr) = listen().await;
        spawn(async move {
            loop {
                let (stream, _peer) = listener.accept().await.unwrap();
                let echo = service_fn(async |request: Request<Incoming>| {
                    Ok::<_, Infallible>(Response::new(request.into_body()))
                });
                spawn(http1::Builder::new().serve_connection(Io::new(stream), echo));
            }
        });
        let client = async |i: usize| {
            let mut sender = connect(addr).await;
            for round in 0..5 {
                let sent = Bytes::from(format!("{i}.{round} ").repeat(2000 + i));
                let request = Request::post("/").body(Full::new(sent.clone())).unwrap();
                sender.ready().await.unwrap();
                let response = sender.send_request(request).await.unwrap();
                let received = response.into_body().collect().await.unwrap().to_bytes();
                assert_eq!(received, sent, "client {i}, round {round}");
            }
        };
        executor::gather((0..50).map(client).collect::<Vec<_>>()).await;
    });
}

#[test]
fn a_body_larger_than_any_buffer_comes_back_whole() {
    let sent: Bytes = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    run(async {
        let echo = service_fn(async |request: Request<Incoming>| {
            Ok::<_, Infallible>(Response::new(request.into_body()))
        });
        let (addr, _server) = serve_one(echo).await;
        let mut sender = connect(addr).await;
        let request = Request::post("/").body(Full::new(sent.clone())).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let received = response.into_body().collect().await.unwrap().to_bytes();
        assert!(received == sent);
    });
}

#[test]
fn a_slow_body_that_is_not_send_arrives_piece_by_piece() {
    Runner::builder().virtual_time().build().run(async {
        let service = service_fn(async |_| {
            let (ticks, _dropped) = Ticks::new(3, Duration::from_secs(60));
            Ok::<_, Infallible>(Response::new(ticks))
        });
        let (addr, _server) = serve_one(service).await;
        let mut sender = connect(addr).await;
        let started = now();
        let mut body = sender.send_request(get("/")).await.unwrap().into_body();
        for (line, minutes) in [("tick 2\n", 1), ("tick 1\n", 2), ("tick 0\n", 3)] {
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), line);
            assert_eq!(now() - started, Duration::from_secs(60 * minutes));
        }
        assert!(body.frame().await.is_none());
    });
}

#[test]
fn a_client_that_leaves_mid_stream_has_the_services_body_dropped() {
    run(async {
        let (ticks, dropped) = Ticks::new(u32::MAX, Duration::from_millis(1));
        let ticks = RefCell::new(Some(ticks));
        let service = service_fn(move |_| {
            let ticks = ticks.borrow_mut().take().expect("there is one request");
            async { Ok::<_, Infallible>(Response::new(ticks)) }
        });
        let (addr, server) = serve_one(service).await;
        let mut sender = connect(addr).await;
        let mut body = sender.send_request(get("/")).await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        assert!(!dropped.get());
        drop((body, sender)); // hyper's client then closes the connection
        server.await.unwrap().unwrap_err();
        assert!(dropped.get());
    });
}

#[test]
fn a_client_that_leaves_while_the_body_waits_has_it_dropped_too() {
    run(async {
        // This body sends nothing for an hour: only the reading side can show
        // the server that the client has closed the connection.
        let (ticks, dropped) = Ticks::new(1, Duration::from_secs(3600));
        let ticks = RefCell::new(Some(ticks));
        let service = service_fn(move |_| {
            let ticks = ticks.borrow_mut().take().expect("there is one request");
            async { Ok::<_, Infallible>(Response::new(ticks)) }
        });
        let (addr, server) = serve_one(service).await;
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        stream.read_exact(&mut [0; 15]).await.unwrap(); // the head has come
        drop(stream);
        let ended = executor::timeout(Duration::from_secs(60), server).await;
        assert!(ended.expect("the server notices").unwrap().is_err());
        assert!(dropped.get());
    });
}

#[test]
fn cancelling_a_connection_drops_its_service_and_closes_the_socket() {
    run(async {
        let alive = Rc::new(());
        let token = Rc::clone(&alive);
        let service = service_fn(move |_| {
            let token = Rc::clone(&token);
            async move {
                let _token = token;
                pending::<Result<Response<Empty<Bytes>>, Infallible>>().await
            }
        });
        let (addr, server) = serve_one(service).await;
        let mut sender = connect(addr).await;
        let request = spawn(async move { sender.send_request(get("/")).await });
        while Rc::strong_count(&alive) < 3 {
            executor::yield_now().await;
        }
        server.cancel();
        assert!(server.await.unwrap_err().is_cancelled());
        assert_eq!(Rc::strong_count(&alive), 1);
        assert!(request.await.unwrap().is_err());
    });
}

// ---- time -----------------------------------------------------------------------

#[test]
fn c284_a_request_head_that_does_not_come_ends_the_connection_after_thirty_seconds() {
    Runner::builder().virtual_time().build().run(async {
        let service =
            service_fn(async |_| Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())));
        let (addr, server) = serve_one(service).await;
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let started = now();
        stream.write_all(b"GET / HTTP/1.1\r\nho").await.unwrap();
        let error = server.await.unwrap().unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(now() - started, Duration::from_secs(30));
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert!(
            rest.is_empty() || rest.starts_with("HTTP/1.1 408"),
            "{rest}"
        );
    });
}

#[test]
fn c284_a_connection_that_is_kept_alive_is_given_up_when_it_is_idle_for_too_long() {
    Runner::builder().virtual_time().build().run(async {
        let service =
            service_fn(async |_| Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())));
        let (addr, server) = serve_one(service).await;
        let mut sender = connect(addr).await;
        for _ in 0..3 {
            sender.ready().await.unwrap();
            sender.send_request(get("/")).await.unwrap();
            sleep(Duration::from_secs(29)).await;
        }
        assert!(!server.is_finished(), "each request starts the time anew");
        let before = now();
        let _ = server.await.unwrap();
        assert_eq!(now() - before, Duration::from_secs(1));
    });
}

#[test]
fn a_timer_is_moved_in_its_box() {
    Runner::builder().virtual_time().build().run(async {
        let timer = Timer::new();
        let started = now();
        assert_eq!(timer.now(), started);
        let mut nap = timer.sleep(Duration::from_secs(1));
        let address = &raw const *nap;
        poll_fn(|cx| {
            assert!(nap.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        timer.reset(&mut nap, started + Duration::from_secs(5));
        assert!(std::ptr::addr_eq(address, &raw const *nap));
        nap.await;
        assert_eq!(now() - started, Duration::from_secs(5));
        timer.sleep_until(started + Duration::from_secs(7)).await;
        assert_eq!(now() - started, Duration::from_secs(7));
    });
}

// ---- the adapters alone -----------------------------------------------------------

/// A stream that does what a test tells it.
#[derive(Default)]
struct Scripted {
    reads: Vec<io::Result<&'static [u8]>>,
    /// The lengths of the slices of each vectored write.
    writes: Vec<Vec<usize>>,
    flushed: u32,
    closed: u32,
}

impl AsyncRead for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.reads.is_empty() {
            return Poll::Pending;
        }
        let mut bytes = self.reads.remove(0)?;
        Poll::Ready(std::io::Read::read(&mut bytes, buffer))
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.push(vec![bytes.len()]);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writes
            .push(slices.iter().map(|slice| slice.len()).collect());
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushed += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.closed += 1;
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_read_fills_what_there_is_room_for_and_passes_on_pending_errors_and_the_end() {
    let mut io = Io::new(Scripted::default());
    io.get_mut().reads = vec![
        Ok(b"abc"),
        Ok(b"more than there is room for"),
        Err(io::ErrorKind::ConnectionReset.into()),
        Ok(b""),
    ];
    let cx = &mut Context::from_waker(std::task::Waker::noop());
    let mut memory = [0; 8];
    let mut buffer = ReadBuf::new(&mut memory);
    let mut read = |buffer: &mut ReadBuf<'_>| pin!(&mut io).poll_read(cx, buffer.unfilled());
    assert!(matches!(read(&mut buffer), Poll::Ready(Ok(()))));
    assert_eq!(buffer.filled(), b"abc");
    assert!(matches!(read(&mut buffer), Poll::Ready(Ok(()))));
    assert_eq!(buffer.filled(), b"abcmore ");

    let mut memory = [0; 8];
    let mut buffer = ReadBuf::new(&mut memory);
    let Poll::Ready(Err(error)) = read(&mut buffer) else {
        panic!("the error is passed on");
    };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(matches!(read(&mut buffer), Poll::Ready(Ok(()))));
    assert!(buffer.filled().is_empty(), "the end");
    assert!(read(&mut buffer).is_pending());
}

#[test]
fn vectored_writes_flushes_and_closes_are_passed_through() {
    let mut io = Io::new(Scripted::default());
    let cx = &mut Context::from_waker(std::task::Waker::noop());
    assert!(io.is_write_vectored());
    let slices = [IoSlice::new(b"head"), IoSlice::new(b"body!")];
    let written = Pin::new(&mut io).poll_write_vectored(cx, &slices);
    assert!(matches!(written, Poll::Ready(Ok(9))));
    assert!(matches!(
        Pin::new(&mut io).poll_write(cx, b"x"),
        Poll::Ready(Ok(1))
    ));
    assert!(Pin::new(&mut io).poll_flush(cx).is_ready());
    assert!(Pin::new(&mut io).poll_shutdown(cx).is_ready());
    assert_eq!(io.get_ref().writes, [vec![4, 5], vec![1]]);
    let inner = io.into_inner();
    assert_eq!((inner.flushed, inner.closed), (1, 1));
}

#[test]
fn the_executor_spawns_what_is_not_send() {
    run(async {
        let flag = Rc::new(Cell::new(false));
        let seen = Rc::clone(&flag);
        Executor::new().execute(async move { flag.set(true) });
        assert!(!seen.get(), "it is lazy, as every task");
        executor::yield_now().await;
        assert!(seen.get());
    });
}

// ---- axum ---------------------------------------------------------------------------

#[test]
fn an_axum_router_is_served_with_a_handler_that_is_not_send() {
    use axum::Router;
    use axum::extract::Path;
    use axum::routing;
    use send_wrapper::SendWrapper;
    use tower_service::Service;

    run(async {
        let hits = SendWrapper::new(Rc::new(Cell::new(0)));
        let count = move || {
            // The whole future is wrapped, for it holds the `Rc` over an await.
            SendWrapper::new({
                let hits = Rc::clone(&hits);
                async move {
                    hits.set(hits.get() + 1);
                    executor::yield_now().await;
                    format!("hit {}", hits.get())
                }
            })
        };
        let hello = async |Path(name): Path<String>| {
            sleep(Duration::from_millis(1)).await;
            format!("hello {name}")
        };
        let router = Router::new()
            .route("/hits", routing::get(count))
            .route("/hello/{name}", routing::get(hello));
        let (addr, _server) =
            serve_one(service_fn(move |request| router.clone().call(request))).await;
        let mut sender = connect(addr).await;
        for (path, expected) in [
            ("/hits", "hit 1"),
            ("/hello/axum", "hello axum"),
            ("/hits", "hit 2"),
        ] {
            sender.ready().await.unwrap();
            let response = sender.send_request(get(path)).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(text(response).await, expected);
        }
        sender.ready().await.unwrap();
        let missing = sender.send_request(get("/nothing")).await.unwrap();
        assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    });
}
