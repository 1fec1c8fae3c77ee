//! Finding and reading Markdown files, on the thread pool.
//!
//! Invariant: no call into the file system is made on the loop's thread. Called
//! by `Index`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use executor::{to_thread, try_gather};

/// Reads a file, or all Markdown files below a folder, in the order of their
/// paths. Each with its path as it is to be shown: below `from`.
pub(super) async fn read(from: PathBuf) -> io::Result<Vec<(String, String)>> {
    let root = from.clone();
    let files = to_thread(move || find(&from)).await?;
    // All at once: the pool has a limit of its own.
    let texts = files.into_iter().map(|path| {
        let shown = shown(&root, &path);
        async move {
            let text = to_thread(move || text_of(&path)).await?;
            Ok::<_, io::Error>((shown, text))
        }
    });
    try_gather(texts.collect::<Vec<_>>()).await
}

fn find(from: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let kind = fs::metadata(from).map_err(|error| named(from, error))?;
    if kind.is_file() {
        return Ok(vec![from.to_path_buf()]);
    }
    walk(from, &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = fs::read_dir(folder).map_err(|error| named(folder, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| named(folder, error))?;
        let (path, name) = (entry.path(), entry.file_name());
        // Not through links: they may lead back up.
        let kind = entry.file_type().map_err(|error| named(&path, error))?;
        let hidden = name.to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden && name != "target" && name != "node_modules" {
            walk(&path, found)?;
        }
        if kind.is_file() && path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
    Ok(())
}

fn text_of(path: &Path) -> io::Result<String> {
    let bytes = fs::read(path).map_err(|error| named(path, error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn shown(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let below = if below.as_os_str().is_empty() {
        Path::new(path.file_name().unwrap_or(path.as_os_str()))
    } else {
        below
    };
    below.display().to_string()
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
