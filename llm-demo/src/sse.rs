//! Server-sent events: bytes in, events out.
//!
//! **Invariant:** where the bytes are cut into pieces makes no difference: a
//! line is looked at when it is whole, never before.
//!
//! Fed by `stream` with what a socket gave. The rules are WHATWG's ("HTML",
//! 9.2.6). One difference is the caller's to make: a browser forgets an event
//! that the end of the stream cut off, a client of a model calls it an error.

use std::collections::VecDeque;
use std::fmt;

/// How long a line, or the data of one event, may be.
pub const LONGEST_LINE: usize = 8 * 1024 * 1024;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The field `event`; empty for the usual kind, which is called "message".
    pub kind: String,
    /// The `data` fields, joined by line feeds.
    pub data: String,
    /// The last `id` that the stream gave, in this event or before.
    pub id: String,
}

/// Cuts a stream of bytes into events.
///
/// ```
/// use llm_demo::sse::Parser;
///
/// let mut parser = Parser::new();
/// parser.feed(b"data: {\"a\"").unwrap();
/// assert_eq!(parser.next_event(), None);
/// parser.feed(b":1}\r\n\r\ndata: [DONE]\n\n").unwrap();
/// assert_eq!(parser.next_event().unwrap().data, "{\"a\":1}");
/// assert_eq!(parser.next_event().unwrap().data, "[DONE]");
/// ```
#[derive(Debug)]
pub struct Parser {
    /// The line whose end has not come yet.
    line: Vec<u8>,
    /// Was the last byte a CR? Then an LF belongs to the same line end.
    after_cr: bool,
    /// Only the first line may begin with a byte order mark.
    first_line: bool,
    kind: String,
    /// Every `data` field with a line feed behind it.
    data: String,
    id: String,
    retry: Option<u64>,
    limit: usize,
    ready: VecDeque<Event>,
}

impl Parser {
    /// A parser for a new stream.
    pub fn new() -> Self {
        Self::with_limit(LONGEST_LINE)
    }

    /// A parser with another limit than [`LONGEST_LINE`].
    pub fn with_limit(limit: usize) -> Self {
        Parser {
            line: Vec::new(),
            after_cr: false,
            first_line: true,
            kind: String::new(),
            data: String::new(),
            id: String::new(),
            retry: None,
            limit,
            ready: VecDeque::new(),
        }
    }

    /// Takes the next bytes of the stream, however many.
    ///
    /// # Errors
    ///
    /// If a line, or the data of one event, is longer than the limit. What
    /// came before it can still be taken.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), TooLong> {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.extend_line(&bytes[..end])?;
            self.end_line()?;
            let rest = &bytes[end + 1..];
            let after_cr = bytes[end] == b'\r';
            self.after_cr = after_cr && rest.is_empty();
            bytes = match rest.strip_prefix(b"\n") {
                Some(after) if after_cr => after,
                _ => rest,
            };
        }
        self.extend_line(bytes)
    }

    /// The next whole event.
    pub fn next_event(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }

    /// How many milliseconds the stream wants a client to wait before it
    /// connects anew: its last `retry` field.
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    /// Has something begun that has not ended: a line, or an event?
    pub fn is_inside_event(&self) -> bool {
        !self.line.is_empty() || !self.data.is_empty()
    }

    fn extend_line(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > self.limit {
            return Err(TooLong { limit: self.limit });
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), TooLong> {
        let mut line = std::mem::take(&mut self.line);
        let result = self.take_line(&line);
        line.clear();
        self.line = line; // its room serves the next line
        result
    }

    fn take_line(&mut self, mut line: &[u8]) -> Result<(), TooLong> {
        if std::mem::take(&mut self.first_line) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch();
            return Ok(());
        }
        // A line of UTF-8 is decoded whole, so that no read can cut a character.
        let line = String::from_utf8_lossy(line);
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => return self.add_data(value),
            "event" => value.clone_into(&mut self.kind),
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().ok().or(self.retry);
            }
            _ => {} // an unknown field; with an empty name, a comment
        }
        Ok(())
    }

    fn add_data(&mut self, value: &str) -> Result<(), TooLong> {
        if self.data.len() + value.len() > self.limit {
            return Err(TooLong { limit: self.limit });
        }
        self.data.push_str(value);
        self.data.push('\n');
        Ok(())
    }

    fn dispatch(&mut self) {
        let kind = std::mem::take(&mut self.kind);
        let mut data = std::mem::take(&mut self.data);
        if data.pop().is_none() {
            return; // an event without data is none
        }
        let id = self.id.clone();
        self.ready.push_back(Event { kind, data, id });
    }
}

impl Default for Parser {
    fn default() -> Self {
        Parser::new()
    }
}

/// A line, or the data of one event, was longer than the parser's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    limit: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event is longer than {} bytes", self.limit)
    }
}

impl std::error::Error for TooLong {}
