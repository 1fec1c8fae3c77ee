//! Ctrl-C, for those who ask for it.
//!
//! **Invariant:** nothing is installed before the first
//! [`ctrl_c`]; and a Ctrl-C that nobody waits for ends the process, so a
//! program that hangs in its clean-up can still be stopped by a second one.
//!
//! On top of `sockets`; nothing calls it but users. Unix only.

use std::io::{self, Read};
use std::os::unix::net::UnixStream as StdUnixStream;

use signal_hook::consts::SIGINT;
use signal_hook::{SigId, flag, low_level};

use crate::base::hooks::Direction;
use crate::base::sys::unmodelled::{AtomicBool, Mutex, lock};
use crate::base::sys::{Arc, OnceLock, Ordering};
use crate::net::source::Registered;

/// The exit code of a process that Ctrl-C ended, as shells count it: 128 and
/// the signal's number.
const ENDED_BY_CTRL_C: i32 = 130;

/// Waits for the next Ctrl-C (asyncio: `loop.add_signal_handler(SIGINT, ..)`).
///
/// While somebody waits, Ctrl-C does not end the process. One that comes while
/// nobody waits any more does, with exit code 130: so the first Ctrl-C asks the
/// program to stop and the second one stops it. To go on catching them, wait
/// again; one that comes between the two waits ends the process.
///
/// ```no_run
/// executor::run(async {
///     executor::println!("Press Ctrl-C to stop.");
///     executor::signal::ctrl_c().await?;
///     executor::println!("Stopping; press it again to stop at once.");
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap();
/// ```
///
/// *Cancel safety:* dropping it ends the wait; a Ctrl-C after that ends the
/// process.
///
/// # Errors
///
/// If the signal's handler or its pipe cannot be made.
///
/// # Panics
///
/// When it is first polled outside a running loop.
pub async fn ctrl_c() -> io::Result<()> {
    let listener = Listener::new()?;
    let signal = |io: &mio::net::UnixStream| {
        let mut byte = [0];
        let mut io = io;
        io.read(&mut byte)
    };
    listener.source.when_ready(Direction::Read, signal).await?;
    Ok(())
}

/// One who waits. The handler writes a byte into a socket of its own.
struct Listener {
    source: Registered<mio::net::UnixStream>,
    action: SigId,
    audience: &'static Audience,
}

/// How many wait, and the flag that the handler reads: does nobody?
struct Audience {
    listeners: Mutex<usize>,
    nobody: Arc<AtomicBool>,
}

impl Listener {
    fn new() -> io::Result<Self> {
        let (ours, handlers) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        handlers.set_nonblocking(true)?;
        let source = Registered::new(mio::net::UnixStream::from_std(ours), None)?;
        let audience = audience()?;
        // The way to us before we count: a Ctrl-C in between ends the process
        // or reaches us; the other way round it would do neither.
        let action = low_level::pipe::register(SIGINT, handlers)?;
        audience.enter();
        Ok(Listener {
            source,
            action,
            audience,
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.audience.leave();
        low_level::unregister(self.action);
    }
}

impl Audience {
    // The flag changes under the lock: a loop that stops waiting must not take
    // it from one that begins to at the same moment.
    fn enter(&self) {
        let mut listeners = lock(&self.listeners);
        *listeners += 1;
        self.nobody.store(false, Ordering::SeqCst);
    }

    fn leave(&self) {
        let mut listeners = lock(&self.listeners);
        *listeners -= 1;
        self.nobody.store(*listeners == 0, Ordering::SeqCst);
    }
}

/// Made once per process, and with it the handler's first action.
fn audience() -> io::Result<&'static Audience> {
    static AUDIENCE: OnceLock<Audience> = OnceLock::new();
    if let Some(audience) = AUDIENCE.get() {
        return Ok(audience);
    }
    let nobody = Arc::new(AtomicBool::new(false));
    flag::register_conditional_shutdown(SIGINT, ENDED_BY_CTRL_C, Arc::clone(&nobody))?;
    Ok(AUDIENCE.get_or_init(|| Audience {
        listeners: Mutex::new(0),
        nobody,
    }))
}
