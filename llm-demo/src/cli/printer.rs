//! Answers on stdout, as they come.
//!
//! **Invariant:** every delta is out before the next one is read; and a line
//! that was begun is ended, whatever becomes of the rest.

use std::io::{self, ErrorKind, Write};
use std::process;

use anstream::{AutoStream, ColorChoice};
use anstyle::AnsiColor;
use serde_json::{Value, json};

use super::{Pace, remark};
use crate::reply::ChatResponse;

/// For streams beside each other, on terminals.
const COLOURS: [AnsiColor; 4] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Magenta,
    AnsiColor::Green,
];

/// Prints answers as text or as JSON.
///
/// When the reader of the output has gone (`program | head -1`), it ends the
/// process quietly with code 0.
#[derive(Debug)]
#[must_use = "it ends the line when it is dropped"]
pub struct Printer {
    json: bool,
    inside_line: bool,
    colours: bool,
}

impl Printer {
    pub(super) fn new(json: bool) -> Self {
        Printer {
            json,
            inside_line: false,
            colours: AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        }
    }

    /// Prints what is new in a reply, if anything is.
    pub fn delta(&mut self, reply: &ChatResponse) {
        match reply.delta.as_str() {
            "" => {}
            delta if self.json => write(&format!("{}\n", json!({ "delta": delta }))),
            delta => self.text(delta),
        }
    }

    /// Prints a piece of text; nothing follows it but the next piece.
    pub fn text(&mut self, text: &str) {
        if let Some(last) = text.chars().next_back() {
            self.inside_line = last != '\n';
            write(text);
        }
    }

    /// Prints what is new in the reply of one stream among several: a word
    /// with the stream's number.
    pub fn delta_of(&mut self, stream: usize, reply: &ChatResponse) {
        let word = reply.delta.trim();
        if self.json && !reply.delta.is_empty() {
            let object = json!({ "stream": stream, "delta": reply.delta });
            write(&format!("{object}\n"));
        } else if word.is_empty() {
            // a line end between paragraphs
        } else if self.colours {
            let colour = COLOURS[stream % COLOURS.len()].on_default();
            self.text(&format!("{colour}{stream}:{word}{colour:#} "));
        } else {
            self.text(&format!("{stream}:{word} "));
        }
    }

    /// Prints an object on a line of its own, if JSON is wanted.
    pub fn object(&mut self, object: &Value) {
        if self.json {
            write(&format!("{object}\n"));
        }
    }

    /// Says how fast an answer came: on stderr, or as an object.
    pub fn pace(&mut self, label: &str, pace: &Pace) {
        self.end_line();
        match self.json {
            true => write(&format!("{}\n", pace.to_json())),
            false => remark(format_args!("{label}{pace}")),
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
