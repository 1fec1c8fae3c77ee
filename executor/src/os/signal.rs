//! Signals: waiting for Ctrl-C. Unix only.
//!
//! **Invariant:** no handler is installed before the first [`ctrl_c`], and a
//! Ctrl-C that no task waits for ends the process, so a program that hangs in
//! its clean-up can still be stopped by a second one.
//!
//! Called by users. Imports `net::source`.

use std::io::{self, Read};
use std::os::unix::net::UnixStream as StdUnixStream;

use signal_hook::consts::SIGINT;
use signal_hook::{SigId, flag, low_level};

use crate::base::hooks::Direction;
use crate::base::sys::unmodelled::{AtomicBool, Mutex, lock};
use crate::base::sys::{Arc, OnceLock, Ordering};
use crate::net::source::Registered;

/// The exit code of a process that Ctrl-C ended, by the convention of shells:
/// 128 plus the signal's number.
const ENDED_BY_CTRL_C: i32 = 130;

/// Waits for the next Ctrl-C (asyncio: `loop.add_signal_handler(SIGINT, ..)`).
///
/// While a task waits, Ctrl-C does not end the process. Once no task waits any
/// more it does, with exit code 130: so the first Ctrl-C asks the program to
/// stop and the second one stops it. To catch the next one too, wait again; a
/// Ctrl-C between the two waits ends the process.
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
/// If the signal's handler or its pipe cannot be created.
///
/// # Panics
///
/// When it is first polled outside a running loop.
pub async fn ctrl_c() -> io::Result<()> {
    let listener = Listener::new()?;
    let receive = |mut io: &mio::net::UnixStream| io.read(&mut [0]);
    listener.source.when_ready(Direction::Read, receive).await?;
    Ok(())
}

/// One wait for the signal. The handler writes a byte into its socket.
struct Listener {
    source: Registered<mio::net::UnixStream>,
    action: SigId,
    listeners: &'static Listeners,
}

/// The number of listeners in this process.
struct Listeners {
    count: Mutex<usize>,
    /// Whether the count is 0: then the handler ends the process.
    is_none: Arc<AtomicBool>,
}

impl Listener {
    fn new() -> io::Result<Self> {
        let (receiver, sender) = StdUnixStream::pair()?;
        receiver.set_nonblocking(true)?;
        sender.set_nonblocking(true)?;
        let source = Registered::new(mio::net::UnixStream::from_std(receiver), None)?;
        let listeners = Listeners::get()?;
        // The socket before the count: a Ctrl-C in between ends the process or
        // is received. In the other order it would do neither.
        let action = low_level::pipe::register(SIGINT, sender)?;
        listeners.add();
        Ok(Listener {
            source,
            action,
            listeners,
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.listeners.remove();
        low_level::unregister(self.action);
    }
}

impl Listeners {
    /// Returns the listeners of this process. The first call installs the
    /// handler's action that ends the process.
    fn get() -> io::Result<&'static Self> {
        static LISTENERS: OnceLock<Listeners> = OnceLock::new();
        if let Some(listeners) = LISTENERS.get() {
            return Ok(listeners);
        }
        let is_none = Arc::new(AtomicBool::new(false));
        flag::register_conditional_shutdown(SIGINT, ENDED_BY_CTRL_C, Arc::clone(&is_none))?;
        Ok(LISTENERS.get_or_init(|| Listeners {
            count: Mutex::new(0),
            is_none,
        }))
    }

    // The flag changes under the lock: otherwise a loop that stops waiting could
    // set it after another loop has begun to wait.
    fn add(&self) {
        let mut count = lock(&self.count);
        *count += 1;
        self.is_none.store(false, Ordering::SeqCst);
    }

    fn remove(&self) {
        let mut count = lock(&self.count);
        *count -= 1;
        self.is_none.store(*count == 0, Ordering::SeqCst);
    }
}
