//! Server for `executor-ps`: what each task of this process waits for.
//!
//! With `EXECUTOR_PS=1` a process that has a loop listens on a Unix socket that
//! only its user can reach. **Invariant:** an answer takes at most
//! [`LOOP_TIMEOUT`] for each loop, whatever the loops do: each is asked through
//! its inbox, and for one that does not answer in time the listing before its
//! current poll is used.
//!
//! Started by `attach`. Imports `polling` and `tree`.

pub(super) mod socket_path;
mod text;

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::polling::Polling;
use crate::base::error::report;
use crate::base::sys::Arc;
use crate::base::sys::unmodelled::{Mutex, lock};
use text::Answer;

/// How long a loop may take to answer.
const LOOP_TIMEOUT: Duration = Duration::from_millis(100);

/// How long a client may take to send its question, or to read the answer.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest question, in bytes.
const LONGEST_QUESTION: u64 = 64;

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    loops: Vec::new(),
    listeners: 0,
    socket: None,
});

/// The loops of this process that answer, and the socket of the server.
struct Registry {
    loops: Vec<Weak<Polling>>,
    /// How many listeners there have been: the number of the current one.
    listeners: u64,
    /// While the server listens: its path and its process. A forked child has a
    /// copy of this value, but no thread that listens.
    socket: Option<(PathBuf, u32)>,
}

impl Registry {
    /// Returns whether this process listens.
    fn is_listening(&self) -> bool {
        let socket = self.socket.as_ref();
        socket.is_some_and(|(_, pid)| *pid == std::process::id())
    }
}

/// Adds a loop to those that the server answers for, until the loop ends.
pub(super) fn register(polling: &Arc<Polling>) {
    let mut registry = lock(&REGISTRY);
    registry.loops.retain(|other| other.strong_count() > 0);
    registry.loops.push(Arc::downgrade(polling));
    let _ = polling.on_end.set(remove_ended);
    if !registry.is_listening() {
        registry.listeners += 1;
        match listen(registry.listeners) {
            Ok(socket) => registry.socket = Some((socket, std::process::id())),
            Err(error) => report(format_args!(
                "EXECUTOR_PS is set, but this process cannot be asked: {error}"
            )),
        }
    }
}

/// Removes loops that have ended, and with the last one the socket.
fn remove_ended() {
    let mut registry = lock(&REGISTRY);
    registry.loops.retain(|polling| polling.strong_count() > 0);
    if !registry.loops.is_empty() || !registry.is_listening() {
        return;
    }
    if let Some((socket, _)) = registry.socket.take() {
        // A connection unblocks the listener's thread, which then ends. It does
        // not block: if the backlog is full, the thread is not blocked either.
        let connection = mio::net::UnixStream::connect(&socket);
        let _ = fs::remove_file(&socket);
        drop(connection);
    }
}

fn listen(number: u64) -> io::Result<PathBuf> {
    let (listener, socket) = socket_path::bind()?;
    let thread = thread::Builder::new().name("executor-ps".into());
    let thread = thread.spawn(move || answer_all(&listener, number));
    if thread.is_err() {
        let _ = fs::remove_file(&socket);
    }
    thread.map(|_| socket)
}

fn answer_all(listener: &UnixListener, number: u64) {
    for stream in listener.incoming() {
        let is_current = {
            let registry = lock(&REGISTRY);
            registry.socket.is_some() && registry.listeners == number
        };
        if !is_current {
            return;
        }
        // A client that disconnects before the answer is no error of the server.
        let _ = stream.and_then(answer);
    }
}

fn answer(stream: UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(CLIENT_TIMEOUT))?;
    stream.set_write_timeout(Some(CLIENT_TIMEOUT))?;
    let mut question = String::new();
    BufReader::new((&stream).take(LONGEST_QUESTION)).read_line(&mut question)?;
    let loops: Vec<_> = {
        let registry = lock(&REGISTRY);
        registry.loops.iter().filter_map(Weak::upgrade).collect()
    };
    let answers: Vec<_> = loops.iter().map(|polling| ask(polling)).collect();
    let text = match question.trim() {
        "list" => text::list(&answers),
        "tree" => text::tree(&answers),
        "json" => text::json(&answers),
        other => format!("error: no such question: {other:?}\n"),
    };
    (&stream).write_all(text.as_bytes())
}

/// Returns the loop's own answer or, if the loop is stuck, its mirror.
fn ask(polling: &Polling) -> Answer {
    let (send, receive) = mpsc::channel();
    let requested = polling.request_listing(send);
    let listing = requested.then(|| receive.recv_timeout(LOOP_TIMEOUT).ok());
    if let Some(tasks) = listing.flatten() {
        // The loop may get stuck before it renews the mirror itself.
        polling.mirror().set(tasks.clone(), Instant::now());
        return Answer::own(&polling.thread, tasks);
    }
    let mirror = polling.mirror();
    let age = mirror.taken.map(|taken| taken.elapsed());
    let stuck = polling.current().map(|(_, task)| task);
    Answer::mirrored(&polling.thread, mirror.tasks.clone(), age, stuck)
}
