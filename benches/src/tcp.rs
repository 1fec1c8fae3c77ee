//! TCP over loopback: an echo server, and a stream one way.

use std::time::Duration;

use crate::net::{Sockets, Took, asked, received, sent};
use crate::row::{Load, rows};

rows! { "tcp",
    "echo, 1 connection" by 10 below SAME: echo_1;
    "echo, 1 connection (CPU)" by 10 below SAME: echo_1_cpu;
    "echo, 50 connections" by 1_000 below SAME: echo_50;
    "echo, 50 connections (CPU)" by 1_000 below SAME: echo_50_cpu;
    "echo, 1,000 connections" by 20_000 below SAME: echo_1000;
    "echo, 1,000 connections (CPU)" by 20_000 below SAME: echo_1000_cpu;
    "64 KiB blocks received" by 100 below SAME: blocks_received;
    "64 KiB blocks received (CPU)" by 100 below SAME: blocks_received_cpu;
    "64 KiB blocks sent" by 100 below SAME: blocks_sent;
    "64 KiB blocks sent (CPU)" by 100 below SAME: blocks_sent_cpu;
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
