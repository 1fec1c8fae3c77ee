//! Texts of the program, as a terminal may show them.
//!
//! **Invariant:** a text that is shown does nothing else to the terminal:
//! control characters, line separators and overrides of the direction of text
//! are escaped.
//!
//! Used by the texts of tasks and errors, and by observers. Imports nothing.

use std::fmt::{self, Write};

/// A text of one line, such as a name.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

/// A [`Printable`] text of several lines.
pub(crate) struct PrintableLines<'a>(pub(crate) &'a str);

/// Returns whether a character is shown as itself, and changes nothing else.
pub(crate) fn is_printable(c: char) -> bool {
    let is_bidi = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !is_bidi && !matches!(c, '\u{2028}' | '\u{2029}')
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match is_printable(c) {
            true => f.write_char(c),
            false => write!(f, "{}", c.escape_default()),
        })
    }
}

impl fmt::Display for PrintableLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(['\n', '\t']) {
            let text = part.trim_end_matches(['\n', '\t']);
            write!(f, "{}{}", Printable(text), &part[text.len()..])?;
        }
        Ok(())
    }
}
