//! Exit notification: waiting until a child has exited.
//!
//! **Invariant:** the wait does not reap the child: its process id is not used
//! again before `waitpid`.
//!
//! Called by `process`. Imports `net::source`.

use std::io;

#[cfg(target_os = "linux")]
use crate::base::hooks::Direction;
#[cfg(target_os = "linux")]
use crate::net::source::Registered;

/// Waits until a child has exited, without reaping it: on Linux a pidfd becomes
/// readable then.
#[cfg(target_os = "linux")]
pub(super) async fn wait_for_exit(id: u32) -> io::Result<()> {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    use std::os::fd::{AsRawFd, OwnedFd, RawFd};

    /// A pidfd that mio can register.
    struct PidFd(OwnedFd);

    impl mio::event::Source for PidFd {
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

    impl AsRawFd for PidFd {
        fn as_raw_fd(&self) -> RawFd {
            self.0.as_raw_fd()
        }
    }

    let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
    let pid = pid.expect("a child has a process id");
    let pidfd = Registered::new(PidFd(pidfd_open(pid, PidfdFlags::NONBLOCK)?), None)?;
    let mut is_first = true;
    let wait = pidfd.when_ready(Direction::Read, |_| {
        // A pidfd cannot be read: only the event reports the exit.
        if std::mem::take(&mut is_first) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(())
    });
    wait.await
}

/// Waits a tenth of a second: without a pidfd nothing reports an exit before the
/// child is reaped, so the caller checks again and again.
#[cfg(not(target_os = "linux"))]
pub(super) async fn wait_for_exit(_: u32) -> io::Result<()> {
    crate::time::sleep::sleep(std::time::Duration::from_millis(100)).await;
    Ok(())
}
