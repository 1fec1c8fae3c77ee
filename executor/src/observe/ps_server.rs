//! Server for `executor-ps`: what each task of this process waits for.
//!
//! With `EXECUTOR_PS=1` a process that has a loop listens on a Unix socket that
//! only its user can reach. **Invariant:** an answer comes within a moment
//! whatever the loops do: each is asked through its inbox, and one that has not
//! answered after [`PATIENCE`] is shown as of its last poll.
//!
//! Started by `attach`. Imports `polling`.

pub(super) mod place;
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
const PATIENCE: Duration = Duration::from_millis(100);

/// How long a client may take to send its question, and the longest question.
const QUESTION: (Duration, u64) = (Duration::from_secs(5), 64);

static SHOWN: Mutex<Shown> = Mutex::new(Shown {
    loops: Vec::new(),
    listeners: 0,
    socket: None,
});

/// The loops that clients can ask about.
struct Shown {
    loops: Vec<Weak<Polling>>,
    /// The number of the current listener.
    listeners: u64,
    /// Its path while there is a loop, and the listening process: a forked child
    /// has a copy of this value, but no thread that listens.
    socket: Option<(PathBuf, u32)>,
}

impl Shown {
    /// Returns whether this process listens.
    fn is_listening(&self) -> bool {
        let socket = self.socket.as_ref();
        socket.is_some_and(|(_, process)| *process == std::process::id())
    }
}

/// Lets clients ask about this loop for as long as it lives.
pub(super) fn show(watched: &Arc<Polling>) {
    let mut shown = lock(&SHOWN);
    shown.loops.retain(|other| other.strong_count() > 0);
    shown.loops.push(Arc::downgrade(watched));
    let _ = watched.on_end.set(hide);
    if !shown.is_listening() {
        shown.listeners += 1;
        match listen(shown.listeners) {
            Ok(socket) => shown.socket = Some((socket, std::process::id())),
            Err(error) => report(format_args!(
                "EXECUTOR_PS is set, but this process cannot be asked: {error}"
            )),
        }
    }
}

/// Removes a loop that is gone, and the socket with the last one.
fn hide() {
    let mut shown = lock(&SHOWN);
    shown.loops.retain(|watched| watched.strong_count() > 0);
    if !shown.loops.is_empty() || !shown.is_listening() {
        return;
    }
    if let Some((socket, _)) = shown.socket.take() {
        // Its thread wakes, sees that it is to end, and ends. Without a wait: if
        // the backlog is full, it will wake anyway.
        let woken = mio::net::UnixStream::connect(&socket);
        let _ = fs::remove_file(&socket);
        drop(woken);
    }
}

fn listen(number: u64) -> io::Result<PathBuf> {
    let (listener, socket) = place::bind()?;
    let thread = thread::Builder::new().name("executor-ps".into());
    let thread = thread.spawn(move || answer_all(&listener, number));
    if thread.is_err() {
        let _ = fs::remove_file(&socket); // no thread would answer
    }
    thread.map(|_| socket)
}

fn answer_all(listener: &UnixListener, number: u64) {
    for stream in listener.incoming() {
        let is_over = {
            let shown = lock(&SHOWN);
            shown.socket.is_none() || shown.listeners != number
        };
        if is_over {
            return;
        }
        // The error of a client that left before the answer has no receiver.
        let _ = stream.and_then(answer);
    }
}

fn answer(stream: UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(QUESTION.0))?;
    stream.set_write_timeout(Some(QUESTION.0))?;
    let mut question = String::new();
    BufReader::new((&stream).take(QUESTION.1)).read_line(&mut question)?;
    let loops: Vec<_> = {
        let shown = lock(&SHOWN);
        shown.loops.iter().filter_map(Weak::upgrade).collect()
    };
    let answers: Vec<_> = loops.iter().map(|watched| ask(watched)).collect();
    let text = match question.trim() {
        "list" => text::list(&answers),
        "tree" => text::tree(&answers),
        "json" => text::json(&answers),
        other => format!("error: no such question: {other:?}\n"),
    };
    (&stream).write_all(text.as_bytes())
}

/// Returns a loop's own answer or, if it is stuck, what it published before.
fn ask(watched: &Polling) -> Answer {
    let (send, receive) = mpsc::channel();
    let asked = watched.ask(send);
    let answered = asked.then(|| receive.recv_timeout(PATIENCE).ok()).flatten();
    if let Some(tasks) = answered {
        // The newest state, in case the loop gets stuck next.
        watched.mirror().show(tasks.clone(), Instant::now());
        return Answer::own(&watched.thread, tasks);
    }
    let mirror = watched.mirror();
    let age = mirror.taken.map(|taken| taken.elapsed());
    let stuck = watched.current().map(|(_, task)| task);
    Answer::mirrored(&watched.thread, mirror.tasks.clone(), age, stuck)
}
