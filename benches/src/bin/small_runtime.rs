//! The small runtime of the book's Part II beside the real one and tokio's
//! current thread: the table of chapter 24.
//!
//! ```console
//! cargo run --release -p benches --bin small_runtime
//! ```
//!
//! All three do the same work by turns, in [`ROUNDS`] rounds; the table shows
//! medians, the row that the small runtime loses most first.

use std::fmt::Display;
use std::future::Future;
use std::time::{Duration, Instant};

/// The runtime as the book shows it. A module of its own, so that the
/// compiler finds the files where a reader has them.
#[path = "../../../docs/mini/24a"]
#[allow(dead_code, unused_imports, unreachable_pub, missing_docs)]
mod book {
    pub(crate) mod mini;
}
use book::mini;

const ROUNDS: usize = 15;
/// How many tasks yield by turns.
const TASKS: u32 = 100;
const MESSAGE: [u8; 64] = [7; 64];
const LOOPS: [&str; 3] = ["small", "real", "tokio"];

/// Does something `n` times.
macro_rules! repeat {
    ($n:expr, $work:expr) => {
        for _ in 0..$n {
            $work;
        }
    };
}

/// A row: what is done, how often, and what a round of it takes on each loop.
struct Row {
    name: &'static str,
    operations: u32,
    run: [fn(u32) -> Duration; 3],
}

/// What a part of a program takes.
async fn timed(work: impl Future<Output = ()>) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}

fn on_small(work: impl Future<Output = ()>) -> Duration {
    mini::run(timed(work))
}

fn on_real(work: impl Future<Output = ()>) -> Duration {
    executor::run(timed(work))
}

fn on_tokio(work: impl Future<Output = ()>) -> Duration {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build();
    runtime.expect("tokio can be started").block_on(timed(work))
}

/// Some tasks that yield by turns, `n` times all together: `spawn` and `yield_now`
/// are those of a runtime.
macro_rules! by_turns {
    ($n:expr, $runtime:path, $yield_now:path) => {{
        use $runtime as runtime;
        let each = $n / TASKS;
        let yields = || async move { repeat!(each, $yield_now().await) };
        let tasks: Vec<_> = (0..TASKS).map(|_| runtime::spawn(yields())).collect();
        for task in tasks {
            task.await.unwrap();
        }
    }};
}

const ROWS: [Row; 9] = [
    Row {
        name: "yield, one task alone",
        operations: 100_000,
        run: [
            |n| on_small(async move { repeat!(n, mini::yield_now().await) }),
            |n| on_real(async move { repeat!(n, executor::yield_now().await) }),
            |n| on_tokio(async move { repeat!(n, tokio::task::yield_now().await) }),
        ],
    },
    Row {
        name: "yield, 100 tasks by turns",
        operations: 100_000,
        run: [
            |n| on_small(async move { by_turns!(n, mini, mini::yield_now) }),
            |n| on_real(async move { by_turns!(n, executor, executor::yield_now) }),
            |n| on_tokio(async move { by_turns!(n, tokio, tokio::task::yield_now) }),
        ],
    },
    Row {
        name: "spawn and join, from main",
        operations: 20_000,
        run: [
            |n| on_small(async move { repeat!(n, mini::spawn(async {}).await.unwrap()) }),
            |n| on_real(async move { repeat!(n, executor::spawn(async {}).await.unwrap()) }),
            |n| on_tokio(async move { repeat!(n, tokio::spawn(async {}).await.unwrap()) }),
        ],
    },
    Row {
        name: "spawn and join, from a task",
        operations: 20_000,
        run: [
            |n| {
                on_small(async move {
                    let all = async move { repeat!(n, mini::spawn(async {}).await.unwrap()) };
                    mini::spawn(all).await.unwrap();
                })
            },
            |n| {
                on_real(async move {
                    let all = async move { repeat!(n, executor::spawn(async {}).await.unwrap()) };
                    executor::spawn(all).await.unwrap();
                })
            },
            |n| {
                on_tokio(async move {
                    let all = async move { repeat!(n, tokio::spawn(async {}).await.unwrap()) };
                    tokio::spawn(all).await.unwrap();
                })
            },
        ],
    },
    Row {
        name: "10,000 sleeps of 1 ms, each",
        operations: 10_000,
        run: [small_sleeps, real_sleeps, |n| on_tokio(tokio_sleeps(n))],
    },
    Row {
        name: "the same without tokio's budget",
        operations: 10_000,
        run: [small_sleeps, real_sleeps, |n| {
            on_tokio(tokio::task::unconstrained(tokio_sleeps(n)))
        }],
    },
    Row {
        name: "gather 1,000 that yield, each",
        operations: 1_000,
        run: [
            |n| {
                on_small(async move { drop(mini::gather((0..n).map(|_| mini::yield_now())).await) })
            },
            |n| {
                on_real(async move {
                    let yields = (0..n).map(|_| executor::yield_now()).collect::<Vec<_>>();
                    drop(executor::gather(yields).await);
                })
            },
            |n| {
                on_tokio(async move {
                    let yields = (0..n).map(|_| tokio::task::yield_now());
                    drop(futures::future::join_all(yields).await);
                })
            },
        ],
    },
    Row {
        name: "a call on a thread",
        operations: 2_000,
        run: [
            |n| on_small(async move { repeat!(n, mini::to_thread(|| ()).await) }),
            |n| on_real(async move { repeat!(n, executor::to_thread(|| ()).await) }),
            |n| {
                on_tokio(
                    async move { repeat!(n, tokio::task::spawn_blocking(|| ()).await.unwrap()) },
                )
            },
        ],
    },
    Row {
        name: "TCP round trip of 64 bytes",
        operations: 2_000,
        run: [
            |n| mini::run(small_round_trips(n)),
            |n| executor::run(real_round_trips(n)),
            |n| {
                let mut builder = tokio::runtime::Builder::new_current_thread();
                let runtime = builder.enable_all().build();
                runtime
                    .expect("tokio can be started")
                    .block_on(tokio_round_trips(n))
            },
        ],
    },
];

const MS: Duration = Duration::from_millis(1);

fn small_sleeps(n: u32) -> Duration {
    on_small(async move { drop(mini::gather((0..n).map(|_| mini::sleep(MS))).await) })
}

fn real_sleeps(n: u32) -> Duration {
    on_real(async move {
        let sleeps = (0..n).map(|_| executor::sleep(MS)).collect::<Vec<_>>();
        drop(executor::gather(sleeps).await);
    })
}

async fn tokio_sleeps(n: u32) {
    drop(futures::future::join_all((0..n).map(|_| tokio::time::sleep(MS))).await);
}

async fn small_round_trips(n: u32) -> Duration {
    let listener = mini::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = mini::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; MESSAGE.len()];
        for _ in 0..n {
            small_read(&stream, &mut buffer).await;
            stream.write_all(&buffer).await.unwrap();
        }
    });
    let stream = mini::TcpStream::connect(address).await.unwrap();
    let mut buffer = MESSAGE;
    let taken = timed(async {
        for _ in 0..n {
            stream.write_all(&buffer).await.unwrap();
            small_read(&stream, &mut buffer).await;
        }
    });
    let taken = taken.await;
    server.await.unwrap();
    taken
}

async fn small_read(stream: &mini::TcpStream, buffer: &mut [u8]) {
    let mut filled = 0;
    while filled < buffer.len() {
        filled += stream.read(&mut buffer[filled..]).await.unwrap();
    }
}

async fn real_round_trips(n: u32) -> Duration {
    use futures::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = executor::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let server = executor::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; MESSAGE.len()];
        for _ in 0..n {
            stream.read_exact(&mut buffer).await.unwrap();
            stream.write_all(&buffer).await.unwrap();
        }
    });
    let mut stream = executor::net::TcpStream::connect(address).await.unwrap();
    let mut buffer = MESSAGE;
    let taken = timed(async {
        for _ in 0..n {
            stream.write_all(&buffer).await.unwrap();
            stream.read_exact(&mut buffer).await.unwrap();
        }
    });
    let taken = taken.await;
    server.await.unwrap();
    taken
}

async fn tokio_round_trips(n: u32) -> Duration {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; MESSAGE.len()];
        for _ in 0..n {
            stream.read_exact(&mut buffer).await.unwrap();
            stream.write_all(&buffer).await.unwrap();
        }
    });
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut buffer = MESSAGE;
    let taken = timed(async {
        for _ in 0..n {
            stream.write_all(&buffer).await.unwrap();
            stream.read_exact(&mut buffer).await.unwrap();
        }
    });
    let taken = taken.await;
    server.await.unwrap();
    taken
}

/// The medians of a row, in nanoseconds an operation.
fn measure(row: &Row) -> [f64; 3] {
    let mut rounds: [Vec<f64>; 3] = Default::default();
    for round in 0..=ROUNDS {
        for (run, taken) in row.run.iter().zip(&mut rounds) {
            let nanos = run(row.operations).as_nanos() as f64 / f64::from(row.operations);
            if round > 0 {
                taken.push(nanos); // the first one warms up
            }
        }
    }
    rounds.map(|mut taken| {
        taken.sort_by(f64::total_cmp);
        taken[taken.len() / 2]
    })
}

/// One line of the table.
fn print(name: &str, columns: [&dyn Display; 4]) {
    let [small, real, tokio, ratio] = columns.map(|column| column.to_string());
    println!("{name:<31}  {small:>9}  {real:>9}  {tokio:>9}  {ratio:>11}");
}

fn main() {
    let mut table: Vec<_> = ROWS.iter().map(|row| (row.name, measure(row))).collect();
    let lost = |[small, _, tokio]: [f64; 3]| small / tokio;
    table.sort_by(|(_, a), (_, b)| lost(*b).total_cmp(&lost(*a)));
    let [small, real, tokio] = LOOPS;
    print("ns", [&small, &real, &tokio, &"small/tokio"]);
    for (name, medians) in table {
        let [small, real, tokio] = medians.map(|nanos| format!("{nanos:.0}"));
        let ratio = format!("{:.2}", lost(medians));
        print(name, [&small, &real, &tokio, &ratio]);
    }
}
