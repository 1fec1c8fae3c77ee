//! Remote handles, used from any thread and in any order; and loops on threads
//! of their own that are dropped where they run.
//!
//! Invariant: no order of calls makes a thread wait forever. Called by
//! `interpret`, and by programs that `print` printed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use executor::{Background, Handle, JoinError, RemoteHandle, Runner, to_thread};

use crate::world::wakers::with_world;
use crate::world::{Made, World};

/// After how long a call counts as one that never returns.
const LIMIT: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(crate) struct Remotes {
    /// `None` while a body uses the handle, and once it was consumed.
    pub(crate) handles: RefCell<Vec<Option<Remote>>>,
    /// The bodies whose messages are in the inbox.
    made: RefCell<HashMap<u32, Made>>,
}

/// A remote handle.
pub(crate) struct Remote {
    handle: RemoteHandle<u32>,
    /// Whether it has given its output.
    was_read: bool,
}

impl World {
    /// Spawns a body through the loop's `Handle`.
    pub(crate) fn remote(&self, body: Made) {
        let id = body.id;
        self.shared.remotes.made.borrow_mut().insert(id, body);
        let make = move || {
            let take = |world: &World| world.shared.remotes.made.borrow_mut().remove(&id);
            let body = with_world(take).flatten().expect("it was put there");
            async move {
                drop(body.await);
                id
            }
        };
        let remote = Remote {
            handle: Handle::current().spawn(make),
            was_read: false,
        };
        self.shared.remotes.handles.borrow_mut().push(Some(remote));
        self.log(format_args!("remote {id}"));
    }

    fn take_remote(&self, wish: u8) -> Option<(usize, Remote)> {
        let mut handles = self.shared.remotes.handles.borrow_mut();
        let which = usize::from(wish) % handles.len().max(1);
        let remote = handles.get_mut(which)?.take()?;
        Some((which, remote))
    }

    fn put_back(&self, which: usize, remote: Option<Remote>) {
        self.shared.remotes.handles.borrow_mut()[which] = remote;
    }

    /// Awaits a remote handle on its own loop, and keeps it.
    pub(crate) async fn await_remote(&self, wish: u8) {
        match self.take_remote(wish) {
            Some((which, mut remote)) if !remote.was_read => {
                let ended = (&mut remote.handle).await;
                remote.was_read = true;
                self.put_back(which, Some(remote));
                self.log(format_args!("remote: {}", ended.is_ok()));
            }
            Some((which, remote)) => {
                self.put_back(which, Some(remote));
                self.log("remote: was read");
            }
            None => self.log("remote: none"),
        }
    }

    /// Uses a remote handle on another thread.
    pub(crate) async fn use_remote(&self, wish: u8, uses: Vec<u8>) {
        if let Some((which, remote)) = self.take_remote(wish) {
            let (remote, broken) = to_thread(move || use_all(remote, &uses)).await;
            self.put_back(which, remote);
            self.expect(broken.is_none(), broken.unwrap_or_default());
        }
        self.log("remote used");
    }

    /// Drops a `Background` on its own loop.
    pub(crate) async fn drop_loop(&self, how: u8) {
        let broken = to_thread(move || drop_in_own_loop(how)).await;
        self.expect(broken.is_none(), broken.unwrap_or_default());
        self.log(format_args!("dropped a loop {how}"));
    }

    /// Drops the remaining handles and bodies.
    pub(crate) fn drop_remotes(&self) {
        drop(self.shared.remotes.handles.take());
        drop(self.shared.remotes.made.take());
    }
}

/// Calls methods of a handle. Returns the handle, if it was not consumed, and
/// what is wrong.
fn use_all(mut remote: Remote, uses: &[u8]) -> (Option<Remote>, Option<String>) {
    for how in uses {
        if *how == 5 {
            if !remote.was_read && !remote.handle.is_finished() {
                continue; // it may rightly wait forever
            }
            let was_read = remote.was_read;
            let ends = returns(move || drop(remote.handle.wait()));
            let broken = format!("wait() never returns; the output was read before: {was_read}");
            return (None, (!ends).then_some(broken));
        }
        // A call after the output was read may panic, and must return.
        let read = catch_unwind(AssertUnwindSafe(|| use_once(&mut remote.handle, *how)));
        remote.was_read |= read.unwrap_or(false);
    }
    (Some(remote), None)
}

/// Returns whether this read the output.
fn use_once(handle: &mut RemoteHandle<u32>, how: u8) -> bool {
    match how {
        0 => handle.wait_timeout(Duration::ZERO).is_some(),
        1 => handle.wait_timeout(Duration::from_millis(1)).is_some(),
        2 => {
            let mut cx = Context::from_waker(Waker::noop());
            matches!(Pin::new(handle).poll(&mut cx), Poll::Ready(_))
        }
        3 => {
            handle.is_finished();
            false
        }
        _ => {
            handle.cancel();
            false
        }
    }
}

/// Returns whether `call` returns, or panics, within the limit.
fn returns(call: impl FnOnce() + Send + 'static) -> bool {
    let (send, receive) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let _send = send; // dropped at the end, also by a panic
        call();
    });
    receive.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Disconnected)
}

/// The shared owner of a loop.
type Owner = Arc<Mutex<Option<Background>>>;

/// Drops its loop in its own destructor.
struct DropsLoop(Owner);

impl Drop for DropsLoop {
    fn drop(&mut self) {
        drop_loop_of(&self.0);
    }
}

fn drop_loop_of(owner: &Owner) {
    let background = owner.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(background);
}

/// Returns what is wrong, if the loop's task panics or never ends.
fn drop_in_own_loop(how: u8) -> Option<String> {
    let background = Runner::background();
    let handle = background.handle();
    let owner = Owner::new(Mutex::new(Some(background)));
    let mut task = handle.spawn(move || drop_own_loop(owner, how));
    let ended: Option<Result<(), JoinError>> = task.wait_timeout(LIMIT);
    match ended {
        None => Some(format!("a loop dropped where it runs ({how}) never ends")),
        // Its own panic, and not one of the drop.
        Some(Err(error)) if how == 3 && error.is_panic() => None,
        Some(Err(error)) if error.is_panic() => {
            Some(format!("a loop dropped where it runs ({how}): {error}"))
        }
        Some(_) => None,
    }
}

async fn drop_own_loop(owner: Owner, how: u8) {
    match how {
        0 => drop_loop_of(&owner),
        1 => to_thread(move || drop_loop_of(&owner)).await,
        2 => {
            let drops = DropsLoop(owner);
            let task = executor::spawn(async move {
                let _drops = drops;
                pending::<()>().await;
            });
            executor::yield_now().await;
            task.cancel();
            drop(task.await);
        }
        _ => {
            let _drops = DropsLoop(owner);
            resume_unwind(Box::new("a panic beside a loop"));
        }
    }
}
