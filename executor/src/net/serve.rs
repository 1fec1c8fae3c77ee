//! `serve`: a task per connection, until the server is stopped.
//!
//! **Invariant:** after a stop, every task of an accepted connection has ended
//! before `until` returns: by itself, or cancelled after the grace period.
//!
//! Called by users. Imports `accept`, `tcp`, `spawn`, `time` and `combine`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, IntoFuture, pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use super::accept::{Fault, fault};
use super::tcp::{TcpListener, TcpStream};
use crate::base::error::report;
use crate::base::task_info::Wait;
use crate::base::waiter::Waiter;
use crate::combine::race::race;
use crate::event_loop::runtime::{Runtime, WaitPoint};
use crate::spawn::handle::{JoinHandle, spawn};
use crate::time::sleep::sleep;
use crate::time::timeout::timeout;

/// How long to wait before the next attempt when the process or the system has
/// too little for another connection. Trio's number: short for a client, and long enough that
/// the loop does not spin.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Accepts connections and runs `handler` for each in a task of its own
/// (asyncio: `start_server`), until the future is dropped or
/// [stopped](Serve::until).
///
/// A handler's error is reported on stderr, with the peer's address, unless
/// [`on_error`](Serve::on_error) is set. A connection that fails before it is
/// accepted is skipped. When the process or the machine has too little for
/// another connection (descriptors, memory, space in the poller), the server
/// reports this once and tries again ten times a second; meanwhile clients wait
/// in the kernel.
///
/// *Cancel safety:* dropping it stops accepting; open connections continue in
/// their tasks.
///
/// # Errors
///
/// Those of `accept(2)` that concern the listener itself.
///
/// ```
/// use executor::net::{TcpListener, TcpStream, serve};
/// use executor::{race, run};
/// use futures::io::{AsyncReadExt, AsyncWriteExt, copy};
///
/// run(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let address = listener.local_addr()?;
///     let client = async {
///         let mut stream = TcpStream::connect(address).await?;
///         stream.write_all(b"hello").await?;
///         stream.close().await?;
///         let mut echo = String::new();
///         stream.read_to_string(&mut echo).await?;
///         assert_eq!(echo, "hello");
///         Ok::<_, std::io::Error>(())
///     };
///     let server = serve(listener, async |stream: TcpStream, _peer| {
///         copy(&stream, &mut &stream).await?;
///         (&stream).close().await
///     });
///     let served = server.until(async { client.await.unwrap() }).await?;
///     assert_eq!(served.connections, 1);
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap();
/// ```
pub fn serve<H, E>(listener: TcpListener, handler: H) -> Serve<H>
where
    H: AsyncFn(TcpStream, SocketAddr) -> Result<(), E> + 'static,
    E: fmt::Display,
{
    Serve {
        listener,
        handler,
        limit: usize::MAX,
        grace: Duration::MAX,
        on_error: Rc::new(|peer, error| report(format_args!("connection from {peer}: {error}"))),
    }
}

type OnError = Rc<dyn Fn(SocketAddr, &dyn fmt::Display)>;

/// A server that is not started yet; see [`serve`]. Await it to serve forever,
/// or use [`until`](Self::until).
#[must_use = "a server does nothing unless it is awaited"]
pub struct Serve<H> {
    listener: TcpListener,
    handler: H,
    limit: usize,
    grace: Duration,
    on_error: OnError,
}

/// The result of a server: how many connections it had (see
/// [`until`](Serve::until)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// How many connections it accepted.
    pub connections: u64,
    /// How many of them were cancelled because the grace period had passed.
    pub cancelled: usize,
}

impl<H> Serve<H> {
    /// Serves at most `n` connections at once; more wait in the kernel
    /// (asyncio has no such limit).
    ///
    /// # Panics
    ///
    /// If `n` is zero: no connection would ever be served.
    #[track_caller]
    pub fn limit(mut self, n: usize) -> Self {
        assert!(n > 0, "serve(..).limit(0) would never serve a connection");
        self.limit = n;
        self
    }

    /// Sets how long connections may continue after a stop; by default as long
    /// as they take.
    pub fn grace(mut self, period: Duration) -> Self {
        self.grace = period;
        self
    }

    /// Sets a function that gets the peer and the error of a failed handler;
    /// by default they are reported on stderr.
    pub fn on_error(mut self, report: impl Fn(SocketAddr, &dyn fmt::Display) + 'static) -> Self {
        self.on_error = Rc::new(report);
        self
    }
}

impl<H, E> Serve<H>
where
    H: AsyncFn(TcpStream, SocketAddr) -> Result<(), E> + 'static,
    E: fmt::Display,
{
    /// Serves until `stop` completes (asyncio: `Server.close`, then
    /// `wait_closed`).
    ///
    /// Then it closes the listener and waits for the open connections; those
    /// that outlast the [grace period](Self::grace) are cancelled.
    ///
    /// *Cancel safety:* dropping it stops accepting; open connections continue
    /// in their tasks.
    ///
    /// # Errors
    ///
    /// Those of `accept(2)` that concern the listener itself.
    pub async fn until(self, stop: impl Future<Output = ()>) -> io::Result<Served> {
        let Serve {
            listener,
            handler,
            limit,
            grace,
            on_error,
        } = self;
        let open = Rc::new(Connections::default());
        let acceptor = Acceptor {
            listener: &listener,
            handler: Rc::new(handler),
            open: &open,
            on_error,
            limit,
        };
        let outcome = {
            let stop = async {
                stop.await;
                None
            };
            race((pin!(stop), pin!(acceptor.accept_all()))).await
        };
        if let (_, Some(error)) = outcome {
            return Err(error);
        }
        drop(acceptor);
        drop(listener);
        let cancelled = open.finish(grace).await;
        Ok(Served {
            connections: open.accepted.get(),
            cancelled,
        })
    }
}

impl<H, E> IntoFuture for Serve<H>
where
    H: AsyncFn(TcpStream, SocketAddr) -> Result<(), E> + 'static,
    E: fmt::Display + 'static,
{
    type Output = io::Result<Served>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<Served>>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.until(pending()))
    }
}

impl<H> fmt::Debug for Serve<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("limit", &self.limit)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}

/// The part of a server that accepts connections.
struct Acceptor<'a, H> {
    listener: &'a TcpListener,
    handler: Rc<H>,
    open: &'a Rc<Connections>,
    on_error: OnError,
    limit: usize,
}

impl<H, E> Acceptor<'_, H>
where
    H: AsyncFn(TcpStream, SocketAddr) -> Result<(), E> + 'static,
    E: fmt::Display,
{
    /// Accepts connections until that fails permanently; returns the error.
    async fn accept_all(&self) -> Option<io::Error> {
        let mut is_reported = false;
        loop {
            self.open.wait_until_fewer_than(self.limit).await;
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    is_reported = false;
                    self.start(stream, peer);
                }
                Err(error) if fault(&error) == Fault::Listener => return Some(error),
                Err(error) => {
                    if !std::mem::replace(&mut is_reported, true) {
                        report_back_off(&error);
                    }
                    sleep(BACK_OFF).await;
                }
            }
        }
    }

    fn start(&self, stream: TcpStream, peer: SocketAddr) {
        let number = self.open.accepted.get();
        self.open.accepted.set(number + 1);
        let handler = Rc::clone(&self.handler);
        let on_error = Rc::clone(&self.on_error);
        let remove = RemoveOnDrop {
            open: Rc::clone(self.open),
            number,
        };
        let task = spawn(async move {
            let _remove = remove;
            if let Err(error) = handler(stream, peer).await {
                on_error(peer, &error);
            }
        });
        self.open.tasks.borrow_mut().insert(number, task);
    }
}

fn report_back_off(error: &io::Error) {
    let remedy = match fault(error) {
        Fault::Descriptors => {
            "; a higher limit (`ulimit -n`) or `serve(..).limit(n)` prevents this"
        }
        _ => "",
    };
    report(format_args!(
        "no connection can be accepted for now: {error}. Those that wait are served when others \
         have closed{remedy}"
    ));
}

/// The open connections of a server.
#[derive(Default)]
struct Connections {
    /// By number, in the order in which they were accepted.
    tasks: RefCell<BTreeMap<u64, JoinHandle<()>>>,
    /// How many were accepted so far.
    accepted: Cell<u64>,
    /// The party that waits for one of them to end.
    waiter: RefCell<Waiter>,
    /// The id of the loop that polls the server.
    loop_id: Cell<u64>,
}

impl Connections {
    async fn wait_until_fewer_than(self: &Rc<Self>, limit: usize) {
        let _wait = EndOnDrop(self);
        poll_fn(|cx| {
            if self.tasks.borrow().len() < limit {
                return Poll::Ready(());
            }
            let runtime = Runtime::expect_current("a server");
            if self.loop_id.replace(runtime.id()) != runtime.id() {
                let point: Rc<dyn WaitPoint> = Rc::<Self>::clone(self);
                runtime.register_wait_point(Rc::downgrade(&point));
            }
            let waiter = runtime.poll.waiter(cx);
            drop(self.waiter.replace(waiter));
            Poll::Pending
        })
        .await;
    }

    /// Waits until all have ended; cancels those that outlast `grace`, waits for
    /// their destructors and returns how many these were.
    async fn finish(self: &Rc<Self>, grace: Duration) -> usize {
        if timeout(grace, self.wait_until_fewer_than(1)).await.is_ok() {
            return 0;
        }
        let late = self.tasks.take();
        let mut cancelled = 0;
        for task in late.values() {
            cancelled += usize::from(task.cancel());
        }
        for task in late.into_values() {
            // `on_error` got the error of a handler; the rest is "cancelled".
            let _ = task.await;
        }
        cancelled
    }
}

/// As waits for the connections' tasks, of which the end of any is enough.
impl WaitPoint for Connections {
    fn waits(&self, runtime: &Runtime, add: &mut dyn FnMut(&Waiter, Wait)) {
        let waiter = self.waiter.borrow();
        if !waiter.is_some() || self.loop_id.get() != runtime.id() {
            return;
        }
        for task in self.tasks.borrow().values() {
            let (task, name) = (task.id(), task.name());
            add(&waiter, Wait::Join { task, name });
        }
    }
}

/// Ends the wait for a connection to end.
struct EndOnDrop<'a>(&'a Connections);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        drop(self.0.waiter.take());
    }
}

/// Removes a connection from the open ones when its task ends.
struct RemoveOnDrop {
    open: Rc<Connections>,
    number: u64,
}

impl Drop for RemoveOnDrop {
    fn drop(&mut self) {
        let task = self.open.tasks.borrow_mut().remove(&self.number);
        drop(task);
        let waiter = self.open.waiter.take();
        if let Some(runtime) = Runtime::find(self.open.loop_id.get()) {
            runtime.wake_waiter(waiter);
        }
    }
}
