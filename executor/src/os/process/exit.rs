//! When has a child ended?
//!
//! **Invariant:** finding out does not reap it: its number stays its own until
//! somebody waits for it.

use std::io;

#[cfg(target_os = "linux")]
use crate::base::hooks::Direction;
#[cfg(target_os = "linux")]
use crate::net::source::Registered;

/// Waits until a child of ours has ended, without reaping it: Linux tells so
/// through a descriptor.
#[cfg(target_os = "linux")]
pub(super) async fn has_ended(id: u32) -> io::Result<()> {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    use std::os::fd::{AsRawFd, OwnedFd, RawFd};

    /// A pidfd as the poller takes it.
    struct Ended(OwnedFd);

    impl mio::event::Source for Ended {
        fn register(
            &mut self,
            registry: &mio::Registry,
            token: mio::Token,
            interests: mio::Interest,
        ) -> io::Result<()> {
            mio::unix::SourceFd(&self.0.as_raw_fd()).register(registry, token, interests)
        }

        fn reregister(
            &mut self,
            registry: &mio::Registry,
            token: mio::Token,
            interests: mio::Interest,
        ) -> io::Result<()> {
            mio::unix::SourceFd(&self.0.as_raw_fd()).reregister(registry, token, interests)
        }

        fn deregister(&mut self, registry: &mio::Registry) -> io::Result<()> {
            mio::unix::SourceFd(&self.0.as_raw_fd()).deregister(registry)
        }
    }

    impl AsRawFd for Ended {
        fn as_raw_fd(&self) -> RawFd {
            self.0.as_raw_fd()
        }
    }

    let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
    let pid = pid.expect("a child has a process id");
    let ended = Registered::new(Ended(pidfd_open(pid, PidfdFlags::NONBLOCK)?), None)?;
    let mut first = true;
    let wait = ended.when_ready(Direction::Read, |_| {
        // Nothing can be tried on a pidfd: only the event tells.
        if std::mem::take(&mut first) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(())
    });
    wait.await
}

/// Elsewhere nothing tells without reaping, so it is asked for ten times a
/// second.
#[cfg(not(target_os = "linux"))]
pub(super) async fn has_ended(_: u32) -> io::Result<()> {
    crate::time::sleep::sleep(std::time::Duration::from_millis(100)).await;
    Ok(())
}
