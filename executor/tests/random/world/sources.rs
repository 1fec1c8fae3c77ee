//! Sockets on which several tasks wait at once.
//!
//! Invariant: when nothing is ready, no task waits for an item that was sent and
//! not received, whichever waits were cancelled. Called by `interpret`, and by
//! programs that `print` printed.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use executor::net::{TcpListener, TcpStream, UdpSocket};
use executor::{race, sleep, to_thread};
use futures::{AsyncReadExt, AsyncWriteExt};

use crate::world::World;

#[cfg(not(unix))]
use executor::net::{TcpListener as LocalListener, TcpStream as LocalStream};
#[cfg(unix)]
use executor::net::{UnixListener as LocalListener, UnixStream as LocalStream};

/// How many bytes an item of the wide stream has: a few fill its buffers, so
/// writers wait too.
const WIDE: usize = 100_000;

/// Longer than any program sleeps.
const HOUR: Duration = Duration::from_secs(3600);

/// How often a rule that seems broken is looked at again, and after how long:
/// on a busy machine the kernel may deliver late.
const LOOKS: u32 = 25;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// The sockets of a program, and what went through each.
pub(crate) struct Sources {
    udp: UdpSocket,
    udp_addr: SocketAddr,
    tcp: TcpListener,
    tcp_addr: SocketAddr,
    local: LocalListener,
    place: LocalPlace,
    narrow: (LocalStream, LocalStream),
    wide: (LocalStream, LocalStream),
    /// Connections that must not be closed.
    kept: RefCell<Vec<Box<dyn Any>>>,
    counts: [Counts; 5],
}

/// In items, or in bytes of a stream.
#[derive(Default)]
struct Counts {
    sent: Cell<usize>,
    received: Cell<usize>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
}

impl Counts {
    /// Returns what is wrong, if nothing is ready.
    fn complaint(&self) -> Option<String> {
        let (sent, received) = (self.sent.get(), self.received.get());
        if received > sent {
            return Some(format!("{sent} were sent and {received} received"));
        }
        let left = sent - received;
        if left > 0 && self.receivers.get() > 0 {
            let receivers = self.receivers.get();
            return Some(format!("{receivers} wait to receive, and {left} are there"));
        }
        if left == 0 && self.senders.get() > 0 {
            return Some(format!("{} wait to send to nothing", self.senders.get()));
        }
        None
    }
}

/// Counts a waiting body while it lives.
struct Waits<'a>(&'a Cell<usize>);

impl<'a> Waits<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Waits(count)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// The address of the local listener.
struct LocalPlace(PathBuf);

impl Drop for LocalPlace {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0); // none exists for TCP
    }
}

impl Sources {
    async fn open() -> io::Result<Sources> {
        let udp = UdpSocket::bind("127.0.0.1:0").await?;
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        let (local, place) = bind_local().await?;
        Ok(Sources {
            udp_addr: udp.local_addr()?,
            udp,
            tcp_addr: tcp.local_addr()?,
            tcp,
            local,
            place,
            narrow: local_pair().await?,
            wide: local_pair().await?,
            kept: RefCell::default(),
            counts: Default::default(),
        })
    }

    fn keep(&self, connection: impl Any) {
        self.kept.borrow_mut().push(Box::new(connection));
    }

    /// Sends; returns how much.
    async fn send(&self, which: usize) -> io::Result<usize> {
        match which {
            0 => drop(self.udp.send_to(b"!", self.udp_addr).await?),
            1 => self.keep(TcpStream::connect(self.tcp_addr).await?),
            2 => self.keep(connect_local(&self.local, &self.place).await?),
            3 => return (&self.narrow.0).write(b"!").await,
            _ => return (&self.wide.0).write(&[0; WIDE]).await,
        }
        Ok(1)
    }

    /// Receives; returns how much.
    async fn receive(&self, which: usize) -> io::Result<usize> {
        match which {
            0 => return self.udp.recv(&mut [0; 8]).await,
            1 => drop(self.tcp.accept().await?),
            2 => drop(self.local.accept().await?),
            3 => return (&self.narrow.1).read(&mut [0; 4]).await,
            _ => return (&self.wide.1).read(&mut vec![0; WIDE]).await,
        }
        Ok(1)
    }

    fn complaint(&self) -> Option<String> {
        let mut all = self.counts.iter().enumerate();
        all.find_map(|(which, counts)| Some(format!("source {which}: {}", counts.complaint()?)))
    }
}

impl World {
    /// Runs a body that uses sockets, and judges them when nothing is ready.
    pub(crate) async fn with_sources(self, body: impl Future<Output = ()>) {
        let sources = Sources::open().await.expect("loopback has room");
        self.shared.sources.replace(Some(Rc::new(sources)));
        let mut body = pin!(body);
        let program = async {
            body.as_mut().await;
            std::future::pending::<()>().await;
        };
        race((program, self.judge_when_quiet())).await;
    }

    async fn judge_when_quiet(&self) {
        sleep(HOUR).await;
        let sources = self.sources();
        for _ in 0..LOOKS {
            if sources.complaint().is_none() {
                return;
            }
            to_thread(|| std::thread::sleep(BETWEEN_LOOKS)).await;
        }
        let found = sources.complaint();
        self.expect(found.is_none(), found.unwrap_or_default());
    }

    fn sources(&self) -> Rc<Sources> {
        let sources = self.shared.sources.borrow();
        Rc::clone(sources.as_ref().expect("the program has sockets"))
    }

    /// Sends so many items. Other bodies may do so at the same time.
    pub(crate) async fn send(&self, which: u8, n: u8) {
        let (sources, which) = (self.sources(), usize::from(which));
        let counts = &sources.counts[which];
        for _ in 0..n {
            let _waits = Waits::new(&counts.senders);
            let sent = sources.send(which).await.expect("the peer is there");
            counts.sent.set(counts.sent.get() + sent);
        }
        self.log(format_args!("sent to {which}"));
    }

    /// Receives so many items. Other bodies may do so at the same time.
    pub(crate) async fn receive(&self, which: u8, n: u8) {
        let (sources, which) = (self.sources(), usize::from(which));
        let counts = &sources.counts[which];
        for _ in 0..n {
            let _waits = Waits::new(&counts.receivers);
            let got = sources.receive(which).await.expect("the peer is there");
            counts.received.set(counts.received.get() + got);
        }
        self.log(format_args!("received from {which}"));
    }
}

#[cfg(unix)]
async fn bind_local() -> io::Result<(LocalListener, LocalPlace)> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("executor-random-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path); // of a process that was killed
    Ok((LocalListener::bind(&path)?, LocalPlace(path)))
}

#[cfg(unix)]
async fn connect_local(_: &LocalListener, place: &LocalPlace) -> io::Result<LocalStream> {
    LocalStream::connect(&place.0).await
}

#[cfg(unix)]
async fn local_pair() -> io::Result<(LocalStream, LocalStream)> {
    LocalStream::pair()
}

#[cfg(not(unix))]
async fn bind_local() -> io::Result<(LocalListener, LocalPlace)> {
    let listener = LocalListener::bind("127.0.0.1:0").await?;
    Ok((listener, LocalPlace(PathBuf::new())))
}

#[cfg(not(unix))]
async fn connect_local(listener: &LocalListener, _: &LocalPlace) -> io::Result<LocalStream> {
    LocalStream::connect(listener.local_addr()?).await
}

#[cfg(not(unix))]
async fn local_pair() -> io::Result<(LocalStream, LocalStream)> {
    let listener = LocalListener::bind("127.0.0.1:0").await?;
    let here = LocalStream::connect(listener.local_addr()?).await?;
    Ok((here, listener.accept().await?.0))
}
