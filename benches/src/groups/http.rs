//! hyper's server, hello world over connections that are kept alive.

use std::time::Duration;

use crate::contender::Load;
use crate::net::{Sockets, Took, asked, by_hand};
use crate::row::rows;

rows! { "http",
    "hello, 1 connection" by 10 below SAME: [sockets] hello_1, floor floor::hello_1;
    "hello, 1 connection (CPU)" by 10 below SAME: [local] hello_1_cpu, floor floor::hello_1_cpu;
    "hello, 50 connections" by 1_000 below SAME: [sockets] hello_50, floor floor::hello_50;
    "hello, 50 connections (CPU)" by 1_000 below SAME: [local] hello_50_cpu, floor floor::hello_50_cpu;
    "hello, 1,000 connections" by 10_000 below SAME: [sockets] hello_1000, floor floor::hello_1000;
    "hello, 1,000 connections (CPU)" by 10_000 below SAME: [local] hello_1000_cpu, floor floor::hello_1000_cpu;
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A small request and a small answer.
///
/// Same work: the same hyper with the same service, no time-outs on either
/// side. tokio's sockets go through `hyper_util`'s adapter, which reads into
/// hyper's buffer; the executor's own adapter may not (it is safe code) and
/// copies the bytes once more. So does `smol-hyper`'s, which carries smol,
/// glommio and compio; monoio has its own, `monoio-compat`.
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

fn hello_1000<S: Sockets>(load: Load) -> Duration {
    hello::<S>(1000, load).wall
}

fn hello_1000_cpu<S: Sockets>(load: Load) -> Duration {
    hello::<S>(1000, load).cpu
}

/// The floors: mio's poller and an answer that is always the same, with hyper's
/// head. It looks for a request's end and at nothing else in it.
mod floor {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\
        date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\nHello, world!";

    fn hello(connections: u64, load: Load) -> Took {
        let rounds = load.batch * load.times / connections;
        by_hand::asked(connections as usize, rounds, REQUEST, Some(ANSWER))
    }

    pub(super) fn hello_1(load: Load) -> Duration {
        hello(1, load).wall
    }

    pub(super) fn hello_1_cpu(load: Load) -> Duration {
        hello(1, load).cpu
    }

    pub(super) fn hello_50(load: Load) -> Duration {
        hello(50, load).wall
    }

    pub(super) fn hello_50_cpu(load: Load) -> Duration {
        hello(50, load).cpu
    }

    pub(super) fn hello_1000(load: Load) -> Duration {
        hello(1000, load).wall
    }

    pub(super) fn hello_1000_cpu(load: Load) -> Duration {
        hello(1000, load).cpu
    }
}
