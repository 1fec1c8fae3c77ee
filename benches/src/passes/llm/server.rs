//! The program `serve`, in a process of its own, for as long as a turn takes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running server; it ends when this is dropped.
pub(super) struct Serve {
    child: Child,
    pub(super) url: String,
}

impl Serve {
    /// Starts it on any free port, and waits until it listens.
    ///
    /// # Errors
    ///
    /// If it does not start, or says something else than where it listens.
    pub(super) fn start(program: &Path, pace: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(program)
            .args(["--port", "0", "--stamps"])
            .args(pace)
            .stdout(Stdio::piped())
            .stderr(Stdio::null()) // a line for each request
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.as_mut() {
            let read = BufReader::new(out).read_line(&mut line);
            read.map_err(|error| error.to_string())?;
        }
        let url = line.trim().strip_prefix("export OPENAI_BASE_URL=");
        let url = url.map(str::to_string);
        let mut server = Serve {
            child,
            url: String::new(),
        };
        server.url = url.ok_or_else(|| format!("serve says {line:?}, not where it listens"))?;
        Ok(server)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
