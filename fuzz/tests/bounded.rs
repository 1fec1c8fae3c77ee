//! Each entry with its corpus, and with a few thousand small changes of it,
//! drawn from a fixed seed. A bounded run for every machine; libFuzzer goes
//! further.

use std::fs;
use std::path::Path;

/// Changes of each input. A few thousand take less than a second.
const CHANGES: usize = 2_000;

/// What parsers stumble over.
const PIECES: [&[u8]; 12] = [
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b":",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"[",
    b"{\"",
    b"data:",
    b"18446744073709551616",
    b"\\u0000",
];

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// One to four small changes.
fn change(input: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(6) {
            0 if !bytes.is_empty() => bytes[at] = random.below(256) as u8,
            1 if !bytes.is_empty() => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            3 => bytes
                .splice(at..at, PIECES[random.below(PIECES.len())].to_vec())
                .for_each(drop),
            4 => bytes.extend_from_slice(&other[..random.below(other.len())]),
            _ => {
                let end = at + random.below(bytes.len() - at);
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy).for_each(drop);
            }
        }
    }
    bytes
}

fn run(corpus: &str, entry: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(corpus);
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|file| file.expect("it can be listed").path())
        .collect();
    paths.sort();
    let inputs: Vec<_> = paths
        .iter()
        .map(|path| fs::read(path).expect("it can be read"))
        .collect();
    assert!(!inputs.is_empty(), "a corpus has inputs");
    let mut random = Random(0x5EED);
    for input in &inputs {
        entry(input);
        for _ in 0..CHANGES {
            let other = &inputs[random.below(inputs.len())];
            let bytes = change(input, other, &mut random);
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            if std::panic::catch_unwind(|| entry(&bytes)).is_err() {
                panic!("the input above was {shown:?}, bytes {bytes:?}");
            }
        }
    }
}

#[test]
fn server_sent_events_do_not_depend_on_the_pieces() {
    run("sse", fuzz::sse);
}

#[test]
fn a_url_that_is_read_can_be_written() {
    run("url", fuzz::url);
}

#[test]
fn messages_are_taken_or_refused() {
    run("messages", fuzz::messages);
}

#[test]
fn a_trace_that_is_read_can_be_written_and_replayed() {
    run("trace", fuzz::trace);
}
