//! Texts of a program, as a terminal may show them.
//!
//! **Invariant:** no printable text does more to a terminal than to be shown. The
//! runtime's listings escape the same characters.
//!
//! Called by `json`, `lanes` and the drawings.

/// Returns whether a character is shown as itself, and changes nothing else: it is
/// no control character, line separator or override of the direction of text.
pub(crate) fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns the text with all other characters escaped.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match is_printable(c) {
            true => out.push(c),
            false => out.extend(c.escape_default()),
        }
    }
    out
}
