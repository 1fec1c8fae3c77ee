//! Path of a process's socket: in a folder that only its user can enter.
//!
//! **Invariant:** nothing is created or trusted in a folder that belongs to
//! another user or that others may enter.
//!
//! Used by the server and by the client `ps`.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// The name of a process's socket.
pub(crate) fn socket_name(pid: u32) -> String {
    format!("{pid}.sock")
}

/// Returns the folders where a process of this user may listen, the likeliest first:
/// the user's runtime directory, and one in the folder for temporary files.
pub(crate) fn directories(user: u32) -> Vec<PathBuf> {
    let own = std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
    let own = own.map(|folder| Path::new(&folder).join("executor-ps"));
    let shared = std::env::temp_dir().join(format!("executor-ps-{user}"));
    own.into_iter().chain([shared]).collect()
}

/// A listener in the first folder that will do, and the path of its socket.
pub(crate) fn bind() -> io::Result<(UnixListener, PathBuf)> {
    let mut result = Err(io::Error::other("there is no folder for its socket"));
    for folder in directories(rustix::process::geteuid().as_raw()) {
        result = bind_in(&folder);
        if result.is_ok() {
            break;
        }
    }
    result
}

fn bind_in(folder: &Path) -> io::Result<(UnixListener, PathBuf)> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(named(folder, error)),
        _ => check(folder)?,
    }
    let path = folder.join(socket_name(std::process::id()));
    // Left by a process that had this number before.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(named(&path, error)),
        _ => {}
    }
    let listener = UnixListener::bind(&path).map_err(|error| named(&path, error))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    Ok((listener, path))
}

/// Refuses a folder that is not this user's alone, a link included.
pub(crate) fn check(folder: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(folder).map_err(|error| named(folder, error))?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    if metadata.is_dir() && is_ours && metadata.mode() & 0o077 == 0 {
        return Ok(());
    }
    let text = "it is not a folder of this user's that nobody else may enter (mode 700)";
    Err(named(
        folder,
        io::Error::new(ErrorKind::PermissionDenied, text),
    ))
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
