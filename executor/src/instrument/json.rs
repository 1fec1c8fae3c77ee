//! Reads JSON, strictly.
//!
//! **Invariant:** any text is either read or refused with its line and column;
//! none makes it panic, however deep it is nested.
//!
//! Small because traces need little of JSON, and own because a runtime should
//! not bring a parser along. Used by `read`.

use std::fmt;

/// Nobody nests a trace deeper; a text that does must not use up the stack.
const DEEPEST: usize = 32;

/// Why a text is no trace, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceError {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) what: String,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TraceError { line, column, what } = self;
        write!(f, "line {line}, column {column}: {what}")
    }
}

impl std::error::Error for TraceError {}

/// A value, and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: usize,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// As it was written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// Something is wrong at a place of the text.
pub(super) struct Wrong {
    pub(super) at: usize,
    pub(super) what: String,
}

impl Wrong {
    /// With line and column instead of a place.
    pub(super) fn found_in(self, text: &str) -> TraceError {
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

/// Reads the one value that the text consists of.
pub(super) fn parse(text: &str) -> Result<Node, Wrong> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.wrong("the end of the text was expected here")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, what: impl Into<String>) -> Wrong {
        Wrong {
            at: self.at,
            what: what.into(),
        }
    }

    /// The next byte that is not white.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let is_white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(|byte| is_white(byte)).count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes over a byte, if it is the next one.
    fn pass(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), Wrong> {
        match self.pass(byte) {
            true => Ok(()),
            false => Err(self.wrong(format!("`{}` was expected here", char::from(byte)))),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Wrong> {
        if depth > DEEPEST {
            return Err(self.wrong("this is nested too deep"));
        }
        let next = self.peek();
        let at = self.at;
        let value = match next {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.text()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Node { at, value })
    }

    fn object(&mut self, depth: usize) -> Result<Value, Wrong> {
        self.expect(b'{')?;
        let mut members = Vec::new();
        if self.pass(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a name in quotes was expected here"));
            }
            let name = self.text()?;
            self.expect(b':')?;
            members.push((name, self.value(depth + 1)?));
            if !self.pass(b',') {
                self.expect(b'}')?;
                return Ok(Value::Object(members));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Wrong> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        if self.pass(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if !self.pass(b',') {
                self.expect(b']')?;
                return Ok(Value::List(items));
            }
        }
    }

    fn word(&mut self) -> Result<Value, Wrong> {
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
        Err(self.wrong("a value was expected here"))
    }

    fn number(&mut self) -> Result<Value, Wrong> {
        let rest = &self.text[self.at..];
        let is_part = |letter: char| matches!(letter, '-' | '+' | '.' | 'e' | 'E' | '0'..='9');
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let number = &rest[..end];
        // Rust reads all that JSON calls a number, and a few forms more.
        let digits = number.trim_start_matches('-');
        let leads_with_zero =
            digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        if number.parse::<f64>().is_err() || leads_with_zero || number.ends_with('.') {
            return Err(self.wrong(format!("{number} is no number")));
        }
        self.at += end;
        Ok(Value::Number(number.to_owned()))
    }

    /// A text in quotes; the first one is known to be there.
    fn text(&mut self) -> Result<String, Wrong> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|letter| matches!(letter, '"' | '\\') || letter < ' ');
            let Some(plain) = plain else {
                return Err(self.wrong("this text has no end"));
            };
            out.push_str(&rest[..plain]);
            self.at += plain;
            match rest.as_bytes()[plain] {
                b'"' => {
                    self.at += 1;
                    return Ok(out);
                }
                b'\\' => out.push(self.escape()?),
                _ => return Err(self.wrong("a text ends on its line; write \\n for a new one")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Wrong> {
        let letter = match self.text.as_bytes().get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.wrong("this is no escape that JSON has")),
        };
        self.at += 2;
        Ok(letter)
    }

    /// `\uXXXX`, or two of them for what lies beyond.
    fn unicode(&mut self) -> Result<char, Wrong> {
        let first = self.unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            let alone = char::from_u32(first);
            return alone.ok_or_else(|| self.wrong("the first half of this letter is missing"));
        }
        if !self.text[self.at..].starts_with("\\u") {
            return Err(self.wrong("the second half of this letter is missing"));
        }
        let second = self.unit()?;
        let low = second.wrapping_sub(0xdc00);
        let both = (low < 0x400).then(|| 0x10000 + ((first - 0xd800) << 10) + low);
        both.and_then(char::from_u32)
            .ok_or_else(|| self.wrong("the second half of this letter is missing"))
    }

    fn unit(&mut self) -> Result<u32, Wrong> {
        let digits = self.text.get(self.at + 2..self.at + 6);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.wrong("\\u wants four hexadecimal digits"))?;
        self.at += 6;
        Ok(unit)
    }
}
