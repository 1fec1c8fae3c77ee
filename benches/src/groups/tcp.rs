//! TCP over loopback: an echo server, and a stream one way.

use std::time::Duration;

use crate::contender::Load;
use crate::net::{Sockets, Took, asked, by_hand, received, sent};
use crate::row::rows;

rows! { "tcp",
    "echo, 1 connection" by 10 below SAME: [sockets] echo_1, floor floor::echo_1;
    "echo, 1 connection (CPU)" by 10 below SAME: [local] echo_1_cpu, floor floor::echo_1_cpu;
    "echo, 50 connections" by 1_000 below SAME: [sockets] echo_50, floor floor::echo_50;
    "echo, 50 connections (CPU)" by 1_000 below SAME: [local] echo_50_cpu, floor floor::echo_50_cpu;
    "echo, 1,000 connections" by 20_000 below SAME: [sockets] echo_1000, floor floor::echo_1000;
    "echo, 1,000 connections (CPU)" by 20_000 below SAME: [local] echo_1000_cpu, floor floor::echo_1000_cpu;
    "64 KiB blocks received" by 100 below SAME: [sockets] blocks_received, floor floor::blocks_received;
    "64 KiB blocks received (CPU)" by 100 below SAME: [local] blocks_received_cpu, floor floor::blocks_received_cpu;
    "64 KiB blocks sent" by 100 below SAME: [sockets] blocks_sent, floor floor::blocks_sent;
    "64 KiB blocks sent (CPU)" by 100 below SAME: [local] blocks_sent_cpu, floor floor::blocks_sent_cpu;
}

const MESSAGE: &[u8] = &[b'x'; 64];
const BLOCK: usize = 64 * 1024;

/// 64 bytes there and back, over so many connections, each with a task.
///
/// Same work: a wait, a read, a write; the sockets have the same options. With
/// one connection the time on the wall is mostly that of two threads waking
/// each other, which the system does. (CPU) is what the server's thread works,
/// the kernel's part of it included; that part is by far the larger one.
fn echo<S: Sockets>(connections: u64, load: Load) -> Took {
    let rounds = load.batch * load.times / connections;
    asked::<S>(connections as usize, rounds, MESSAGE, S::spawn_echo)
}

fn echo_1<S: Sockets>(load: Load) -> Duration {
    echo::<S>(1, load).wall
}

fn echo_1_cpu<S: Sockets>(load: Load) -> Duration {
    echo::<S>(1, load).cpu
}

fn echo_50<S: Sockets>(load: Load) -> Duration {
    echo::<S>(50, load).wall
}

fn echo_50_cpu<S: Sockets>(load: Load) -> Duration {
    echo::<S>(50, load).cpu
}

fn echo_1000<S: Sockets>(load: Load) -> Duration {
    echo::<S>(1000, load).wall
}

fn echo_1000_cpu<S: Sockets>(load: Load) -> Duration {
    echo::<S>(1000, load).cpu
}

/// The same with as many connections as the load's batch says, for the pictures
/// of how it grows.
pub fn echo_each_cpu<S: Sockets>(load: Load) -> Duration {
    asked::<S>(load.batch as usize, load.times, MESSAGE, S::spawn_echo).cpu
}

/// Its floor.
pub fn echo_by_hand(load: Load) -> Duration {
    by_hand::asked(load.batch as usize, load.times, MESSAGE, None).cpu
}

/// A thread writes blocks of 64 KiB, the server reads into a buffer of that
/// size. Same work: reads of what is there. How much that is, and so how many
/// reads it takes, is up to the kernel and the two threads' luck.
fn blocks_received<S: Sockets>(load: Load) -> Duration {
    received::<S>(BLOCK, load.batch * load.times).wall
}

fn blocks_received_cpu<S: Sockets>(load: Load) -> Duration {
    received::<S>(BLOCK, load.batch * load.times).cpu
}

/// The other way round: the server writes, the thread reads.
fn blocks_sent<S: Sockets>(load: Load) -> Duration {
    sent::<S>(BLOCK, load.batch * load.times).wall
}

fn blocks_sent_cpu<S: Sockets>(load: Load) -> Duration {
    sent::<S>(BLOCK, load.batch * load.times).cpu
}

/// The floors: mio's poller and a loop; for blocks, blocking sockets.
mod floor {
    use super::*;

    fn echo(connections: u64, load: Load) -> Took {
        let rounds = load.batch * load.times / connections;
        by_hand::asked(connections as usize, rounds, MESSAGE, None)
    }

    pub(super) fn echo_1(load: Load) -> Duration {
        echo(1, load).wall
    }

    pub(super) fn echo_1_cpu(load: Load) -> Duration {
        echo(1, load).cpu
    }

    pub(super) fn echo_50(load: Load) -> Duration {
        echo(50, load).wall
    }

    pub(super) fn echo_50_cpu(load: Load) -> Duration {
        echo(50, load).cpu
    }

    pub(super) fn echo_1000(load: Load) -> Duration {
        echo(1000, load).wall
    }

    pub(super) fn echo_1000_cpu(load: Load) -> Duration {
        echo(1000, load).cpu
    }

    pub(super) fn blocks_received(load: Load) -> Duration {
        by_hand::received(BLOCK, load.batch * load.times).wall
    }

    pub(super) fn blocks_received_cpu(load: Load) -> Duration {
        by_hand::received(BLOCK, load.batch * load.times).cpu
    }

    pub(super) fn blocks_sent(load: Load) -> Duration {
        by_hand::sent(BLOCK, load.batch * load.times).wall
    }

    pub(super) fn blocks_sent_cpu(load: Load) -> Duration {
        by_hand::sent(BLOCK, load.batch * load.times).cpu
    }
}
