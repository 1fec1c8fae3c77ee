//! Bytes per idle task, timer and connection, and of a whole program.
//!
//! What a process has once used it may keep, so each contender is measured in a
//! process of its own.
//!
//! Same work: the same futures, all polled once; a connection's task waits to
//! read into a buffer of a kibibyte. The number is what the kernel says is
//! resident, so it has the allocator's own cost in it, and not what the kernel
//! itself keeps for a socket. It cannot say what a task with larger state takes.
//!
//! Of a whole program nine parts in ten are pages of the file that it was
//! started from, and how many of those the kernel maps ahead is another number
//! each time: that row alone is measured by turns.

use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::child;
use crate::contender::{Contender, sides};
use crate::effort;
use crate::floor::poll_now;
use crate::groups::program;
use crate::leaf::poll_spawned;
use crate::net::{BUFFER, Sockets, client, per_idle_connection};
use crate::python::{self, ASYNCIO, UVLOOP};
use crate::resident;
use crate::row::{HALF, SAME};
use crate::side::Timed;
use crate::skipped::keep_runnable;

/// Measures in a process that does nothing else.
type Bytes = fn() -> Option<f64>;

/// One thing of which the memory is measured.
#[derive(Clone, Debug)]
pub struct MemoryRow {
    /// What the tables call it; the name of the group is in it.
    pub id: &'static str,
    /// The ratio to tokio that the executor promises to stay below.
    pub goal: f64,
    /// How many times each is asked, by turns.
    rounds: usize,
    contenders: Vec<Contender<Bytes>>,
}

/// For what is the same each time but for a page or two.
const ONCE: usize = 1;
/// The number of turns of the table's other rows.
const BY_TURNS: usize = 9;
const TASKS: u64 = 1_000_000;
/// As many as one listener's queue takes.
const CONNECTIONS: usize = 4000;
const DAY: Duration = Duration::from_secs(86_400);

/// Returns all rows, with the contenders that can run.
pub fn rows() -> Vec<MemoryRow> {
    let mut rows = with_all();
    for row in &mut rows {
        keep_runnable(&mut row.contenders);
    }
    rows
}

/// Returns all rows with all contenders, also those that cannot run on this
/// machine: the check starts each of them, which takes memory.
fn with_all() -> Vec<MemoryRow> {
    let row = |id, goal, rounds, mut contenders: Vec<Contender<Bytes>>, floor: Bytes| {
        contenders.push(Contender::floor(floor));
        MemoryRow {
            id,
            goal,
            rounds,
            contenders,
        }
    };
    let mut programs: Vec<Contender<Bytes>> = sides!([timed] of_program);
    programs
        .extend([ASYNCIO, UVLOOP].map(|name| Contender::new(name, resident::peak_bytes as Bytes)));
    vec![
        row(
            "memory/idle task",
            HALF,
            ONCE,
            sides!([timed] per_task),
            floor_task,
        ),
        row(
            "memory/idle timer",
            SAME,
            ONCE,
            sides!([timed] per_timer),
            floor_timer,
        ),
        row(
            "memory/idle connection",
            SAME,
            ONCE,
            sides!([sockets] per_connection),
            floor_connection,
        ),
        row(
            "memory/whole program, peak",
            SAME,
            BY_TURNS,
            programs,
            resident::peak_bytes,
        ),
    ]
}

impl MemoryRow {
    /// Returns the bytes by contender, round by round. A contender that fails is
    /// reported on stderr and left out.
    ///
    /// # Errors
    ///
    /// The reason why the executor or tokio fails.
    pub fn measure(&self) -> Result<Vec<(&'static str, Vec<f64>)>, String> {
        let names = self.contenders.iter().map(|one| one.name);
        let mut measured: Vec<_> = names.map(|name| (name, Vec::new())).collect();
        for round in 0..effort::rounds(self.rounds) {
            let count = measured.len();
            for at in 0..count {
                let (name, bytes) = &mut measured[(at + round) % count];
                match self.ask(name) {
                    Ok(answer) => bytes.push(answer),
                    Err(why) if ["executor", "tokio"].contains(name) => return Err(why),
                    Err(why) => eprintln!("skipped: {} on {why}", self.id),
                }
            }
            measured.retain(|(_, bytes)| bytes.len() > round);
        }
        Ok(measured)
    }

    fn ask(&self, contender: &str) -> Result<f64, String> {
        if [ASYNCIO, UVLOOP].contains(&contender) {
            return python::peak_bytes(contender);
        }
        let output = child::command(self.id, contender)?
            .output()
            .map_err(|error| error.to_string())?;
        let answer = String::from_utf8_lossy(&output.stdout);
        let number = answer.trim().parse();
        number.map_err(|_| {
            let said = String::from_utf8_lossy(&output.stderr);
            let why = said.lines().find(|line| !line.trim().is_empty());
            let needs = "it needs VmRSS in /proc/self/status, and enough descriptors";
            format!("{contender}: {}", why.unwrap_or(needs))
        })
    }
}

/// Measures, in the process that was started for it.
pub(crate) fn answer(id: &str, contender: &str) -> Option<f64> {
    let row = with_all().into_iter().find(|row| row.id == id)?;
    let mut contenders = row.contenders.iter();
    let contender = contenders.find(|one| one.name == contender)?;
    (contender.work)()
}

fn per_connection<S: Sockets>() -> Option<f64> {
    per_idle_connection::<S>(CONNECTIONS, resident::bytes)
}

fn per_task<S: Timed>() -> Option<f64> {
    S::run(async {
        let before = resident::bytes()?;
        for _ in 0..TASKS {
            S::detach(S::spawn(async { S::sleep(DAY).await }));
        }
        poll_spawned::<S>().await;
        Some((resident::bytes()? - before) / TASKS as f64)
    })
}

/// Sleeps in boxes, polled by one task: the future and what the runtime adds.
fn per_timer<S: Timed>() -> Option<f64> {
    S::run(async {
        let mut timers: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
        timers.reserve_exact(TASKS as usize);
        let before = resident::bytes()?;
        for _ in 0..TASKS {
            timers.push(Box::pin(S::sleep(DAY)));
        }
        poll_fn(|cx| {
            for timer in &mut timers {
                assert!(timer.as_mut().poll(cx).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        Some((resident::bytes()? - before) / TASKS as f64)
    })
}

/// The program of the group `program`, at its end.
fn of_program<S: Timed>() -> Option<f64> {
    program::three_fetches::<S>();
    resident::peak_bytes()
}

/// A boxed future that holds its deadline, a place in a queue, one in an ordered
/// set.
fn floor_task() -> Option<f64> {
    let mut queue: VecDeque<Pin<Box<dyn Future<Output = ()>>>> = VecDeque::new();
    let mut timers = BTreeSet::new();
    let before = resident::bytes()?;
    for number in 0..TASKS {
        let deadline = Instant::now() + DAY;
        let mut task = Box::pin(async move {
            while Instant::now() < deadline {
                std::future::pending::<()>().await;
            }
        });
        timers.insert((deadline, number));
        assert!(poll_now(task.as_mut()).is_pending());
        queue.push_back(task);
    }
    let after = resident::bytes()?;
    drop((queue, timers));
    Some((after - before) / TASKS as f64)
}

/// An entry in an ordered set.
fn floor_timer() -> Option<f64> {
    let mut timers = BTreeSet::new();
    let before = resident::bytes()?;
    for number in 0..TASKS {
        timers.insert((Instant::now() + DAY, number));
    }
    let after = resident::bytes()?;
    drop(timers);
    Some((after - before) / TASKS as f64)
}

/// A socket and its buffer.
fn floor_connection() -> Option<f64> {
    let (listener, addr) = client::listen(CONNECTIONS);
    let clients = client::connect(addr, CONNECTIONS);
    let before = resident::bytes()?;
    let mut servers = Vec::new();
    for _ in 0..CONNECTIONS {
        let (stream, _peer) = listener.accept().ok()?;
        servers.push((stream, vec![1_u8; BUFFER]));
    }
    let after = resident::bytes()?;
    drop((clients, servers));
    Some((after - before) / CONNECTIONS as f64)
}
