//! Answers on stdout, as they come.
//!
//! **Invariant:** every delta is out before the next one is read; and a line
//! that was begun is ended, whatever becomes of the rest.

use std::io::{self, ErrorKind, Write};
use std::process;

use serde_json::Value;

use crate::reply::ChatResponse;

/// Prints answers as text or as JSON.
///
/// When nobody reads the output any more (`program | head -1`), it ends the
/// process quietly with code 0.
#[derive(Debug)]
#[must_use = "it ends the line when it is dropped"]
pub struct Printer {
    json: bool,
    inside_line: bool,
}

impl Printer {
    pub(super) fn new(json: bool) -> Self {
        Printer {
            json,
            inside_line: false,
        }
    }

    /// Prints what is new in a reply.
    pub fn delta(&mut self, reply: &ChatResponse) {
        if self.json {
            self.object(&serde_json::json!({ "delta": reply.delta }));
        } else {
            self.text(&reply.delta);
        }
    }

    /// Prints a piece of text; nothing follows it but the next piece.
    pub fn text(&mut self, text: &str) {
        if let Some(last) = text.chars().next_back() {
            self.inside_line = last != '\n';
            write(text);
        }
    }

    /// Prints an object on a line of its own, if JSON is wanted.
    pub fn object(&mut self, object: &Value) {
        if self.json {
            write(&format!("{object}\n"));
        }
    }

    /// Ends the line, if one was begun.
    pub fn end_line(&mut self) {
        if std::mem::take(&mut self.inside_line) {
            write("\n");
        }
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.end_line();
    }
}

fn write(text: &str) {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => process::exit(0),
        Err(error) => {
            crate::cli::failed(&format_args!("cannot write to stdout: {error}"));
            process::exit(1)
        }
    }
}
