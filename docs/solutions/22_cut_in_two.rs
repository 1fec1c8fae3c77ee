//! Text from bytes that arrive in pieces, shown as it arrives.

use std::process::ExitCode;
use std::str;

use docs::Exercise;

/// Makes text of bytes. A piece may end in the middle of a character.
#[derive(Default)]
struct Decoder {
    /// The beginning of a character whose end has not arrived.
    rest: Vec<u8>,
}

impl Decoder {
    /// Returns the text up to the last whole character. A byte that can belong
    /// to no character becomes `\u{FFFD}`.
    fn feed(&mut self, piece: &[u8]) -> String {
        self.rest.extend_from_slice(piece);
        let mut text = String::new();
        while let Err(error) = str::from_utf8(&self.rest) {
            let (valid, wrong) = (error.valid_up_to(), error.error_len());
            text += &String::from_utf8_lossy(&self.rest[..valid]);
            self.rest.drain(..valid + wrong.unwrap_or(0));
            match wrong {
                Some(_) => text.push('\u{FFFD}'),
                None => return text, // only not finished
            }
        }
        text += &String::from_utf8_lossy(&self.rest);
        self.rest.clear();
        text
    }
}

/// What comes out of these bytes if they arrive in pieces of `size`.
fn decode(bytes: &[u8], size: usize) -> Vec<String> {
    let mut decoder = Decoder::default();
    let pieces = bytes.chunks(size);
    pieces.map(|piece| decoder.feed(piece)).collect()
}

fn check() -> Result<(), String> {
    let text = "zwölf für 5 €, 🦀";
    for size in 1..=text.len() {
        let decoded = decode(text.as_bytes(), size).concat();
        if decoded != text {
            return Err(format!("in pieces of {size} bytes, it is {decoded:?}"));
        }
    }
    let wrong = decode(b"no\xff\xffcharacter, \xe2\x82", 4);
    if wrong.concat() != "no\u{FFFD}\u{FFFD}character, " {
        return Err(format!("bytes that are no text become {wrong:?}"));
    }
    // What can be shown is shown at once.
    match &decode("aöa".as_bytes(), 2)[..] {
        [first, second] if first == "a" && second == "öa" => Ok(()),
        other => Err(format!("\"aö\" and \"a\", cut in the ö, become {other:?}")),
    }
}

fn main() -> ExitCode {
    let hint = "`std::str::from_utf8` says how far it is text (`valid_up_to`), and whether what \
                follows is wrong or only not finished (`error_len`)";
    Exercise::new(hint).judge("the decoder", check)
}
