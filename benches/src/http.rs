//! hyper's server, hello world over connections that are kept alive.

use std::time::Duration;

use crate::net::{Sockets, Took, asked};
use crate::row::{Load, rows};

rows! { "http",
    "hello, 1 connection" by 10 below SAME: hello_1;
    "hello, 1 connection (CPU)" by 10 below SAME: hello_1_cpu;
    "hello, 50 connections" by 1_000 below SAME: hello_50;
    "hello, 50 connections (CPU)" by 1_000 below SAME: hello_50_cpu;
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A small request and a small answer.
///
/// Same work: the same hyper with the same service, no time-outs on either
/// side. tokio's sockets go through `hyper_util`'s adapter, which reads into
/// hyper's buffer; the executor's own adapter may not (it is safe code) and
/// copies the bytes once more.
fn hello<S: Sockets>(connections: u64, load: Load) -> Took {
    let rounds = load.batch * load.times / connections;
    asked::<S>(connections as usize, rounds, REQUEST, S::spawn_hello)
}

fn hello_1<S: Sockets>(load: Load) -> Duration {
    hello::<S>(1, load).wall
}

fn hello_1_cpu<S: Sockets>(load: Load) -> Duration {
    hello::<S>(1, load).cpu
}

fn hello_50<S: Sockets>(load: Load) -> Duration {
    hello::<S>(50, load).wall
}

fn hello_50_cpu<S: Sockets>(load: Load) -> Duration {
    hello::<S>(50, load).cpu
}
