//! A strict JSON reader, and the quoting of strings.
//!
//! **Invariant:** every text is either read or refused with a line and a
//! column; no text makes the reader panic, however deeply it is nested.
//!
//! The reader is part of this crate so that a runtime that records traces does
//! not depend on a JSON library. Called by `read` and `write`.

use std::fmt::{self, Write};

use crate::printable::is_printable;

/// Traces are nested four deep. A limit keeps hostile texts from using up the
/// stack.
const MAX_DEPTH: usize = 32;

/// Why a text is not a trace, with a line and a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceError {
    line: usize,
    column: usize,
    what: String,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TraceError { line, column, what } = self;
        write!(f, "line {line}, column {column}: {what}")
    }
}

impl std::error::Error for TraceError {}

/// A JSON value and the index of its first byte.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: usize,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// The digits as they are in the text.
    Number(String),
    String(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// An error at a byte of the text.
pub(crate) struct ErrorAt {
    pub(crate) at: usize,
    pub(crate) what: String,
}

impl ErrorAt {
    /// Converts the byte index to a line and a column.
    pub(crate) fn locate(self, text: &str) -> TraceError {
        let before = &text.as_bytes()[..self.at.min(text.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n');
        let line_start = line_start.map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(&before[line_start..])
            .chars()
            .count();
        TraceError {
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            column: column + 1,
            what: self.what,
        }
    }
}

/// Reads a text that consists of one value.
pub(crate) fn parse(text: &str) -> Result<Node, ErrorAt> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.error("expected the end of the text")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn error(&self, what: impl Into<String>) -> ErrorAt {
        ErrorAt {
            at: self.at,
            what: what.into(),
        }
    }

    /// Skips white space and returns the byte after it.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(|byte| is_space(byte)).count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips a byte if it is the next one, and returns whether it was.
    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), ErrorAt> {
        match self.skip(byte) {
            true => Ok(()),
            false => Err(self.error(format!("expected `{}`", char::from(byte)))),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, ErrorAt> {
        if depth > MAX_DEPTH {
            return Err(self.error("values are nested too deeply"));
        }
        let next = self.peek();
        let at = self.at;
        let value = match next {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Node { at, value })
    }

    fn object(&mut self, depth: usize) -> Result<Value, ErrorAt> {
        self.expect(b'{')?;
        let mut members = Vec::new();
        if self.skip(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a name in quotes"));
            }
            let name = self.string()?;
            self.expect(b':')?;
            members.push((name, self.value(depth + 1)?));
            if !self.skip(b',') {
                self.expect(b'}')?;
                return Ok(Value::Object(members));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, ErrorAt> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        if self.skip(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if !self.skip(b',') {
                self.expect(b']')?;
                return Ok(Value::List(items));
            }
        }
    }

    fn word(&mut self) -> Result<Value, ErrorAt> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ];
        for (word, value) in words {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.error("expected a value"))
    }

    fn number(&mut self) -> Result<Value, ErrorAt> {
        let rest = &self.text[self.at..];
        let is_part = |c: char| matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9');
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let number = &rest[..end];
        // Rust parses every JSON number, and some forms that JSON does not have.
        let digits = number.trim_start_matches('-');
        let leads_with_zero =
            digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        if number.parse::<f64>().is_err() || leads_with_zero || number.ends_with('.') {
            return Err(self.error(format!("{number} is not a number")));
        }
        self.at += end;
        Ok(Value::Number(number.to_owned()))
    }

    /// Reads a string in quotes. The next byte is the opening quote.
    fn string(&mut self) -> Result<String, ErrorAt> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c| matches!(c, '"' | '\\') || c < ' ');
            let Some(plain) = plain else {
                return Err(self.error("this string has no closing quote"));
            };
            out.push_str(&rest[..plain]);
            self.at += plain;
            match rest.as_bytes()[plain] {
                b'"' => {
                    self.at += 1;
                    return Ok(out);
                }
                b'\\' => out.push(self.escape()?),
                _ => {
                    return Err(
                        self.error("a string must end on its line; write \\n for a line break")
                    );
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, ErrorAt> {
        let c = match self.text.as_bytes().get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.error("JSON has no such escape")),
        };
        self.at += 2;
        Ok(c)
    }

    /// Reads `\uXXXX`, or a surrogate pair of two.
    fn unicode(&mut self) -> Result<char, ErrorAt> {
        let first = self.unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            let c = char::from_u32(first);
            return c.ok_or_else(|| self.error("the first half of this surrogate pair is missing"));
        }
        if !self.text[self.at..].starts_with("\\u") {
            return Err(self.error("the second half of this surrogate pair is missing"));
        }
        let second = self.unit()?;
        let low = second.wrapping_sub(0xdc00);
        let both = (low < 0x400).then(|| 0x10000 + ((first - 0xd800) << 10) + low);
        both.and_then(char::from_u32)
            .ok_or_else(|| self.error("the second half of this surrogate pair is missing"))
    }

    fn unit(&mut self) -> Result<u32, ErrorAt> {
        let digits = self.text.get(self.at + 2..self.at + 6);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit =
            unit.ok_or_else(|| self.error("\\u must be followed by four hexadecimal digits"))?;
        self.at += 6;
        Ok(unit)
    }
}

/// Returns the text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if !is_printable(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
