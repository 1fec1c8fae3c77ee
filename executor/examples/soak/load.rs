//! Load of one round: every kind of work at once, in an order drawn from a seed.
//!
//! **Invariant:** the work asserts its own results; only panics on purpose and
//! cancels may end a task early.
//!
//! Called by `rounds`.

use std::cell::Cell;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use executor::net::{TcpListener, TcpStream, serve};
use executor::{
    Handle, JoinHandle, gather, race, scope, sleep, spawn, timeout, to_thread, to_thread_with,
    try_scope, yield_now,
};
use futures::io::{AsyncReadExt, AsyncWriteExt, copy};

use crate::contend::Contended;
use crate::counts::{Call, Counted, Counts};

/// The payload of the panics on purpose.
pub(crate) const PANIC: &str = "on purpose";

/// How many of each kind of task a round has.
const EACH: u64 = 24;

/// The number of kinds of work.
const KINDS: u64 = 11;

/// A generator of pseudo-random numbers: equal seeds give equal numbers.
#[derive(Clone)]
struct Random(Rc<Cell<u64>>);

impl Random {
    fn below(&self, n: u64) -> u64 {
        let next = self
            .0
            .get()
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.0.set(next);
        (next >> 33) % n
    }

    fn nap(&self) -> Duration {
        Duration::from_micros(self.below(3_000))
    }
}

/// What the tasks of a round share.
#[derive(Clone)]
struct World {
    counts: Counts,
    random: Random,
    server: std::net::SocketAddr,
    lock: Rc<async_lock::Mutex<u64>>,
    queue: async_channel::Sender<u64>,
    ours: Rc<Contended>,
}

type Work = Pin<Box<dyn Future<Output = ()>>>;

pub(crate) async fn load(seed: u64, counts: Counts) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (queue, items) = async_channel::bounded(4);
    let random = Random(Rc::new(Cell::new(seed ^ 0x5EED)));
    let ours = Rc::new(Contended::new());
    let world = World {
        random: random.clone(),
        ours: Rc::clone(&ours),
        server: listener.local_addr().expect("an address"),
        lock: Rc::default(),
        queue,
        counts: counts.clone(),
    };
    let served = counts.clone();
    let server = serve(listener, async move |stream: TcpStream, _| {
        served.add("connections served", 1);
        let echoed = copy(&stream, &mut &stream).await;
        echoed.map(drop)
    })
    // A cancelled client resets its connection.
    .on_error(|_, _| ());
    let consumer = spawn(async move { while items.recv().await.is_ok() {} });
    let (contended, counted) = (Rc::clone(&ours), counts.clone());
    let takers = spawn(async move { contended.consume(&counted, || random.nap()).await });
    let clients = all_kinds(world);
    let served = server.until(clients).await.expect("it listens");
    ours.close().await;
    takers.await.expect("they end with the queue");
    ours.assert_nothing_is_held();
    counts.add("connections asked for", served.connections);
    consumer.await.expect("it ends with the last sender");
}

/// Starts `EACH` tasks of each kind, cancels some, and waits for all.
async fn all_kinds(world: World) {
    let handles: Vec<_> = (0..EACH * KINDS)
        .map(|n| launch(&world, n % KINDS))
        .collect();
    for handle in &handles {
        if world.random.below(8) == 0 {
            handle.cancel();
        }
        if world.random.below(16) == 0 {
            sleep(world.random.nap()).await;
        }
    }
    for handle in handles {
        if let Err(error) = handle.await {
            assert!(error.is_cancelled() || error.is_panic(), "{error}");
        }
    }
}

fn launch(world: &World, kind: u64) -> JoinHandle<()> {
    let counted = Counted::new(&world.counts);
    let work = kind_of_work(world.clone(), kind);
    spawn(async move {
        let _counted = counted;
        work.await;
    })
}

fn kind_of_work(world: World, kind: u64) -> Work {
    match kind {
        0 => Box::pin(talk_to_the_server(world)),
        1 => Box::pin(sleep_and_be_late(world)),
        2 => Box::pin(block_threads(world)),
        3 => Box::pin(call_from_a_thread(world)),
        4 => Box::pin(cancel_a_child(world)),
        5 => Box::pin(borrow_in_a_scope(world)),
        6 => Box::pin(gather_and_race(world)),
        7 => Box::pin(share(world)),
        8 => Box::pin(panic_on_purpose(world)),
        9 => Box::pin(contend(world)),
        _ => Box::pin(wake_from_a_thread(world)),
    }
}

async fn talk_to_the_server(world: World) {
    let text = vec![b'x'; 1 + world.random.below(100_000) as usize];
    let echo: io::Result<Vec<u8>> = async {
        let stream = TcpStream::connect(world.server).await?;
        let send = async {
            (&stream).write_all(&text).await?;
            (&stream).close().await
        };
        let mut echo = Vec::new();
        let (sent, received) = gather((send, (&stream).read_to_end(&mut echo))).await;
        sent.and(received).map(|_| echo)
    }
    .await;
    assert_eq!(echo.expect("the server lives").len(), text.len());
}

async fn sleep_and_be_late(world: World) {
    for _ in 0..10 {
        let (limit, work) = (world.random.nap(), world.random.nap());
        if timeout(limit, sleep(work)).await.is_err() {
            yield_now().await;
        }
    }
}

async fn block_threads(world: World) {
    let n = world.random.below(1_000);
    let call = Call::new();
    let add_one = move || {
        let _call = call;
        n + 1
    };
    assert_eq!(to_thread(add_one).await, n + 1);
    // Cancelled while the call may be queued, running or done.
    let call = Call::new();
    let stubborn = to_thread_with(move |waited| {
        let _call = call;
        while waited.is_wanted() {
            std::thread::yield_now()
        }
    });
    let _ = timeout(world.random.nap() / 10, stubborn).await;
}

async fn call_from_a_thread(world: World) {
    let handle = Handle::current();
    let early = world.random.below(2) == 0;
    let answer = to_thread(move || {
        let task = handle.spawn(|| async {
            sleep(Duration::from_micros(100)).await;
            6 * 7
        });
        if early {
            task.cancel();
        }
        task.wait()
    });
    match answer.await {
        Ok(number) => assert_eq!(number, 42),
        Err(error) => assert!(error.is_cancelled(), "{error}"),
    }
}

async fn cancel_a_child(world: World) {
    let counted = Counted::new(&world.counts);
    let child = spawn(async move {
        let _counted = counted;
        pending::<()>().await;
    })
    .cancel_on_drop();
    sleep(world.random.nap()).await;
    drop(child);
}

async fn borrow_in_a_scope(world: World) {
    let sum = Cell::new(0);
    let naps: Vec<_> = (0..8).map(|_| world.random.nap()).collect();
    scope(async |s| {
        for nap in &naps {
            let sum = &sum;
            s.spawn(async move {
                sleep(*nap).await;
                sum.set(sum.get() + 1);
            });
        }
    })
    .await;
    assert_eq!(sum.get(), naps.len());
    let failed: Result<(), &str> = try_scope(async |s| {
        s.spawn(pending::<Result<(), &str>>());
        sleep(naps[0]).await;
        Err("first")
    })
    .await;
    assert_eq!(failed, Err("first"));
}

async fn gather_and_race(world: World) {
    let naps = (0..40).map(|_| sleep(world.random.nap()));
    gather(naps.collect::<Vec<_>>()).await;
    let naps = (0..40).map(|_| sleep(world.random.nap()));
    let (winner, ()) = race(naps.collect::<Vec<_>>()).await;
    assert!(winner < 40);
}

async fn share(world: World) {
    for _ in 0..5 {
        let mut number = world.lock.lock().await;
        *number += 1;
        sleep(world.random.nap() / 100).await;
        drop(number);
        let sent = timeout(world.random.nap(), world.queue.send(1)).await;
        assert!(sent.is_err() || sent == Ok(Ok(())), "{sent:?}");
    }
}

async fn contend(world: World) {
    let nap = || world.random.nap();
    world.ours.contend(&world.counts, nap).await;
}

async fn panic_on_purpose(world: World) {
    sleep(world.random.nap()).await;
    world.counts.add("panics on purpose", 1);
    std::panic::panic_any(PANIC);
}

/// Waits for a plain thread, which wakes the task.
async fn wake_from_a_thread(world: World) {
    let (send, receive) = futures::channel::oneshot::channel();
    let nap = world.random.nap();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(nap);
        // The waiting task may have been cancelled.
        let _ = send.send(7);
    });
    let joined = JoinOnDrop(Some(thread));
    assert_eq!(receive.await, Ok(7));
    drop(joined);
}

/// Joins a thread when its task is dropped, so that no thread outlives its task.
struct JoinOnDrop(Option<std::thread::JoinHandle<()>>);

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            thread.join().expect("it only sleeps");
        }
    }
}
