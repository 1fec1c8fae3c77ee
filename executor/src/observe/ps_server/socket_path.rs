//! Path of a process's socket, in a directory that only its user can enter.
//!
//! **Invariant:** no socket is created or trusted in a directory that belongs to
//! another user or that other users may enter.
//!
//! Called by the server and by the client `ps`.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Returns the file name of a process's socket.
pub(crate) fn socket_name(pid: u32) -> String {
    format!("{pid}.sock")
}

/// Returns the directories where a process of this user may listen, in order of
/// preference: in the user's runtime directory, and in the one for temporary
/// files.
pub(crate) fn directories(user: u32) -> Vec<PathBuf> {
    let own = std::env::var_os("XDG_RUNTIME_DIR").filter(|directory| !directory.is_empty());
    let own = own.map(|directory| Path::new(&directory).join("executor-ps"));
    let shared = std::env::temp_dir().join(format!("executor-ps-{user}"));
    own.into_iter().chain([shared]).collect()
}

/// Listens in the first directory that can be used, and returns the nonblocking
/// listener and the path of its socket.
pub(crate) fn bind() -> io::Result<(UnixListener, PathBuf)> {
    let mut result = Err(io::Error::other("there is no folder for its socket"));
    for directory in directories(rustix::process::geteuid().as_raw()) {
        result = bind_in(&directory);
        if result.is_ok() {
            break;
        }
    }
    result
}

fn bind_in(directory: &Path) -> io::Result<(UnixListener, PathBuf)> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(named(directory, error));
        }
        _ => check(directory)?,
    }
    let path = directory.join(socket_name(std::process::id()));
    // An earlier process with this pid may have left its socket.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(named(&path, error)),
        _ => {}
    }
    let listener = UnixListener::bind(&path).map_err(|error| named(&path, error))?;
    listener.set_nonblocking(true)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    Ok((listener, path))
}

/// Returns an error if other users can enter this directory, if it belongs to
/// another user, or if it is a symbolic link.
pub(crate) fn check(directory: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(directory).map_err(|error| named(directory, error))?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    if metadata.is_dir() && is_ours && metadata.mode() & 0o077 == 0 {
        return Ok(());
    }
    let text = "it must be a folder of this user that other users cannot enter (mode 700)";
    Err(named(
        directory,
        io::Error::new(ErrorKind::PermissionDenied, text),
    ))
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
