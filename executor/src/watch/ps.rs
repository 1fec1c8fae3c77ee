//! Answers questions from other processes: what does each task wait for?
//!
//! With `EXECUTOR_PS=1` a process that has a loop listens on a Unix socket
//! that only its user can reach; the program `executor-ps` asks there.
//! **Invariant:** an answer comes within a moment whatever the loops do: each
//! is asked by mail, and one that has not answered after [`PATIENCE`] is shown
//! as it stood when it last looked around.

mod place;
mod text;

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::Watched;
use crate::error::report;
use crate::sys::Arc;
use crate::sys::unmodelled::{Mutex, lock};
pub(crate) use place::{check as check_folder, directories, socket_name};
use text::Answer;

/// How long a loop may take to answer for itself.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long whoever asks may take to say what; the longest question.
const QUESTION: (Duration, u64) = (Duration::from_secs(5), 64);

static SHOWN: Mutex<Shown> = Mutex::new(Shown {
    loops: Vec::new(),
    listeners: 0,
    socket: None,
});

/// The loops that can be asked about.
struct Shown {
    loops: Vec<Weak<Watched>>,
    /// How many listeners there have been: the number of the one there is.
    listeners: u64,
    /// Where it listens, while there is a loop; and the process that does. A
    /// forked child has a copy of this, but no thread that listens.
    socket: Option<(PathBuf, u32)>,
}

impl Shown {
    /// Does this process listen?
    fn is_listening(&self) -> bool {
        let socket = self.socket.as_ref();
        socket.is_some_and(|(_, process)| *process == std::process::id())
    }
}

/// Lets others ask about this loop as long as it lives.
pub(super) fn show(watched: &Arc<Watched>) {
    let mut shown = lock(&SHOWN);
    shown.loops.retain(|other| other.strong_count() > 0);
    shown.loops.push(Arc::downgrade(watched));
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

/// A loop has gone; the last one takes the socket with it.
pub(super) fn hide() {
    let mut shown = lock(&SHOWN);
    shown.loops.retain(|watched| watched.strong_count() > 0);
    if !shown.loops.is_empty() || !shown.is_listening() {
        return;
    }
    if let Some((socket, _)) = shown.socket.take() {
        // Its thread wakes, sees that its time is over, and ends. Without a
        // wait: if the line of those who ask is full, it will wake anyway.
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
        let _ = fs::remove_file(&socket); // nobody would answer there
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
        // Whoever asks and leaves before the answer has nobody to be told.
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

/// What a loop says of itself, or, if it is stuck, what is known of it.
fn ask(watched: &Watched) -> Answer {
    let (send, receive) = mpsc::channel();
    let asked = watched.ask.as_ref().is_some_and(|ask| ask(send));
    let answered = asked.then(|| receive.recv_timeout(PATIENCE).ok()).flatten();
    if let Some(tasks) = answered {
        // The newest that is known, should the loop get stuck next.
        lock(&watched.mirror).show(tasks.clone(), Instant::now());
        return Answer::own(&watched.thread, tasks);
    }
    let mirror = lock(&watched.mirror);
    let age = mirror.taken.map(|taken| taken.elapsed());
    let stuck = watched.polling().map(|(_, task)| task);
    Answer::mirrored(&watched.thread, mirror.tasks.clone(), age, stuck)
}
