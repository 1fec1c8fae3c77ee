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
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

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
    server: None,
});

/// The loops of this process that answer, and the server.
struct Registry {
    loops: Vec<Weak<Polling>>,
    server: Option<Server>,
}

/// A thread that listens on a socket.
struct Server {
    path: PathBuf,
    /// The process of the thread. A forked child has a copy of this value, but
    /// no thread.
    pid: u32,
    /// Ends the thread when it is shut down.
    stop: UnixStream,
}

impl Registry {
    /// Returns whether a thread of this process listens.
    fn is_listening(&self) -> bool {
        let server = self.server.as_ref();
        server.is_some_and(|server| server.pid == std::process::id())
    }
}

/// Adds a loop to those that the server answers for, until the loop ends.
pub(super) fn register(polling: &Arc<Polling>) {
    let mut registry = lock(&REGISTRY);
    registry.loops.retain(|other| other.strong_count() > 0);
    registry.loops.push(Arc::downgrade(polling));
    let _ = polling.on_end.set(remove_ended);
    if !registry.is_listening() {
        match listen() {
            Ok(server) => registry.server = Some(server),
            Err(error) => report(format_args!(
                "EXECUTOR_PS is set, but this process cannot be asked: {error}"
            )),
        }
    }
}

/// Removes loops that have ended, and with the last one the server.
fn remove_ended() {
    let mut registry = lock(&REGISTRY);
    registry.loops.retain(|polling| polling.strong_count() > 0);
    if !registry.loops.is_empty() || !registry.is_listening() {
        return;
    }
    if let Some(server) = registry.server.take() {
        let _ = fs::remove_file(&server.path);
        // Not just dropped: a forked child may hold a copy.
        let _ = server.stop.shutdown(Shutdown::Both);
    }
}

fn listen() -> io::Result<Server> {
    let (stop, stopped) = UnixStream::pair()?;
    let (listener, path) = socket_path::bind()?;
    let thread = thread::Builder::new().name("executor-ps".into());
    let thread = thread.spawn(move || answer_all(&listener, &stopped));
    if thread.is_err() {
        let _ = fs::remove_file(&path);
    }
    let pid = std::process::id();
    thread.map(|_| Server { path, pid, stop })
}

/// Answers one client after another until the other end of `stopped` is shut
/// down.
fn answer_all(listener: &UnixListener, stopped: &UnixStream) {
    loop {
        let mut sources = [
            PollFd::new(listener, PollFlags::IN),
            PollFd::new(stopped, PollFlags::IN),
        ];
        // After an error, such as a signal, no source is ready.
        let _ = poll(&mut sources, None);
        let [client, stop] = sources.map(|source| !source.revents().is_empty());
        if stop {
            return;
        }
        if client {
            // A client that disconnects early is no error of the server.
            let _ = listener.accept().and_then(|(stream, _)| answer(stream));
        }
    }
}

fn answer(stream: UnixStream) -> io::Result<()> {
    stream.set_nonblocking(false)?; // some systems copy the listener's mode
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
