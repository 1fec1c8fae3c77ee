//! The parser of server-sent events: each rule, at every place where a read
//! may end.

use llm_demo::sse::{Event, Parser};

/// An event of the usual kind.
fn message(data: &str) -> Event {
    event("", data, "")
}

fn event(kind: &str, data: &str, id: &str) -> Event {
    Event {
        kind: kind.into(),
        data: data.into(),
        id: id.into(),
    }
}

fn parse<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Option<u64>) {
    let mut parser = Parser::new();
    let mut events = Vec::new();
    for piece in pieces {
        parser.feed(piece).unwrap();
        events.extend(std::iter::from_fn(|| parser.next_event()));
    }
    (events, parser.retry())
}

/// The name of a rule, a stream, and the events in it.
type Case = (&'static str, &'static [u8], Vec<Event>);

fn cases() -> Vec<Case> {
    let one = || vec![message("a")];
    let two = || vec![message("a"), message("b")];
    vec![
        ("line feeds", b"data: a\n\ndata: b\n\n", two()),
        ("carriage returns", b"data: a\r\rdata: b\r\r", two()),
        ("both", b"data: a\r\n\r\ndata: b\r\n\r\n", two()),
        ("mixed", b"data: a\n\r\ndata: b\r\n\r", two()),
        (
            "mixed otherwise",
            b"data: a\r\ndata: b\r\n\n",
            vec![message("a\nb")],
        ),
        ("a byte order mark", b"\xEF\xBB\xBFdata: a\n\n", one()),
        (
            "a second mark is not one",
            b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\ndata: b\n\n",
            vec![message("b")],
        ),
        (
            "a later mark is part of its line",
            b"data: a\n\n\xEF\xBB\xBFdata: b\n\n",
            one(),
        ),
        (
            "a mark before an empty line",
            b"\xEF\xBB\xBF\ndata: a\n\n",
            one(),
        ),
        (
            "a comment",
            b": OPENROUTER PROCESSING\n\ndata: a\n\n",
            one(),
        ),
        ("a comment inside", b"data: a\n:\n:x: y\n\n", one()),
        ("no space", b"data:a\n\n", one()),
        ("two spaces", b"data:  a\n\n", vec![message(" a")]),
        ("a tab", b"data:\ta\n\n", vec![message("\ta")]),
        ("colons", b"data: a:b: c\n\n", vec![message("a:b: c")]),
        (
            "several lines",
            b"data: a\ndata:\ndata: b\n\n",
            vec![message("a\n\nb")],
        ),
        ("no colon", b"data\n\n", vec![message("")]),
        ("no colon twice", b"data\ndata\n\n", vec![message("\n")]),
        ("an empty value", b"data:\n\n", vec![message("")]),
        ("no data", b"event: ping\n\ndata: a\n\n", one()),
        (
            "a kind",
            b"event: error\ndata: a\n\ndata: b\n\n",
            vec![event("error", "a", ""), message("b")],
        ),
        (
            "the last kind counts",
            b"event: x\nevent: y\ndata: a\n\n",
            vec![event("y", "a", "")],
        ),
        (
            "an id stays",
            b"id: 1\ndata: a\n\ndata: b\n\n",
            vec![event("", "a", "1"), event("", "b", "1")],
        ),
        (
            "an empty id resets",
            b"id: 1\ndata: a\n\nid\ndata: b\n\n",
            vec![event("", "a", "1"), message("b")],
        ),
        (
            "an id without data",
            b"id: 7\n\ndata: a\n\n",
            vec![event("", "a", "7")],
        ),
        (
            "an id with a NUL",
            b"id: 1\nid: 2\0\ndata: a\n\n",
            vec![event("", "a", "1")],
        ),
        (
            "unknown fields",
            b"foo: bar\nDATA: x\n data: y\ndata : z\ndata: a\n\n",
            one(),
        ),
        (
            "more than UTF-8 takes",
            "data: größe \u{1f980}\n\n".as_bytes(),
            vec![message("größe \u{1f980}")],
        ),
        (
            "bytes that are none",
            b"data: a\xFFb\xE2\x82\n\n",
            vec![message("a\u{fffd}b\u{fffd}")],
        ),
        (
            "what looks like a line end",
            "data: a\u{2028}b\u{85}c\u{b}d\u{c}e\n\n".as_bytes(),
            vec![message("a\u{2028}b\u{85}c\u{b}d\u{c}e")],
        ),
        ("no end", b"data: a\n\ndata: b\n", one()),
        ("no end of the line", b"data: a\n\ndata: b", one()),
        ("nothing", b"", vec![]),
        ("only line ends", b"\n\r\n\r\r\n\n", vec![]),
    ]
}

#[test]
fn every_rule_holds_at_every_split() {
    for (name, stream, expected) in cases() {
        assert_eq!(parse([stream]).0, expected, "{name}");
        for cut in 0..=stream.len() {
            let (head, tail) = stream.split_at(cut);
            assert_eq!(parse([head, tail]).0, expected, "{name}, cut at {cut}");
            for second in cut..=stream.len() {
                let pieces = [head, &stream[cut..second], b"", &stream[second..]];
                let got = parse(pieces).0;
                assert_eq!(got, expected, "{name}, cut at {cut} and {second}");
            }
        }
    }
}

#[test]
fn every_rule_holds_in_pieces_of_every_size() {
    for (name, stream, expected) in cases() {
        for size in 1..=stream.len().max(1) {
            let got = parse(stream.chunks(size)).0;
            assert_eq!(got, expected, "{name}, {size} bytes at a time");
        }
    }
}

#[test]
fn a_retry_counts_when_it_is_digits_only() {
    let retry = |stream: &[u8]| parse([stream]).1;
    assert_eq!(retry(b"retry: 1500\n"), Some(1500));
    assert_eq!(
        retry(b"retry: 1500\nretry: 1.5\nretry:-1\nretry: x\nretry:\n"),
        Some(1500)
    );
    assert_eq!(retry(b"retry: 99999999999999999999999\n"), None);
    assert_eq!(retry(b"data: a\n\n"), None);
}

#[test]
fn a_line_that_never_ends_is_refused_and_what_came_before_it_is_kept() {
    let mut parser = Parser::with_limit(10);
    parser.feed(b"data: 1234\n\n").unwrap();
    parser.feed(b"data: 12").unwrap();
    let error = parser.feed(b"345").unwrap_err();
    assert_eq!(error.to_string(), "an event is longer than 10 bytes");
    assert_eq!(parser.next_event(), Some(message("1234")));
}

#[test]
fn an_event_of_many_lines_is_held_to_the_same_limit() {
    let mut parser = Parser::with_limit(10);
    parser.feed(b"data: 1234\ndata: 1234\n").unwrap();
    assert!(parser.feed(b"data: 1234\n").is_err());
}

#[test]
fn a_parser_knows_whether_something_is_unfinished() {
    let mut parser = Parser::new();
    for (bytes, inside) in [("da", true), ("ta: a\n", true), ("\n", false), (":c", true)] {
        parser.feed(bytes.as_bytes()).unwrap();
        assert_eq!(parser.is_inside_event(), inside, "after {bytes:?}");
    }
}
