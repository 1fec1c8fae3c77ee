//! What may come from a stranger, and what must be true of it.
//!
//! Each function takes any bytes and panics if a promise is broken. libFuzzer
//! calls them from `fuzz_targets`, and `tests/bounded.rs` calls them on stable
//! with the corpus and with small changes of it.

use llm_demo::IntoMessages;
use llm_demo::http::Url;
use llm_demo::sse::{Event, Parser};

/// Small, so that a short input can reach it.
const LONGEST_LINE: usize = 64;

/// All events of a stream that comes in these pieces, and whether a line was
/// too long.
fn events<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Event>, bool) {
    let mut parser = Parser::with_limit(LONGEST_LINE);
    let mut events = Vec::new();
    for piece in pieces {
        let fed = parser.feed(piece);
        events.extend(std::iter::from_fn(|| parser.next_event()));
        if fed.is_err() {
            return (events, true);
        }
    }
    (events, false)
}

/// Server-sent events: where the stream is cut makes no difference, and no
/// event is longer than the limit allows.
pub fn sse(bytes: &[u8]) {
    let (whole, too_long) = events(std::iter::once(bytes));
    assert!(whole.iter().all(|event| event.data.len() <= LONGEST_LINE));
    let size = 1 + usize::from(bytes.first().copied().unwrap_or(0)) % 7;
    for pieces in [events(bytes.chunks(1)), events(bytes.chunks(size))] {
        assert_eq!(pieces, (whole.clone(), too_long));
    }
}

/// The URL of an API: what was read is written as it is read, and has a path
/// below it.
pub fn url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(url) = text.parse::<Url>() else { return };
    let again: Url = url.to_string().parse().expect("it was written by us");
    assert_eq!(again, url, "from {text:?}");
    let below = url.join("models").to_string();
    let below: Url = below.parse().expect("it was written by us");
    assert_eq!(below.origin, url.origin);
}

/// Messages as JSON, as a server is sent them: they are taken or refused.
pub fn messages(bytes: &[u8]) {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return;
    };
    let text = json.to_string();
    if let Err(error) = json.into_messages() {
        assert!(!error.to_string().is_empty(), "of {text}");
    }
}

/// A recorded trace: what can be read can be written, read again, replayed and
/// judged.
pub fn trace(bytes: &[u8]) {
    use executor::instrument::{Trace, replay};
    let text = String::from_utf8_lossy(bytes);
    match Trace::parse(&text) {
        Ok(trace) => {
            let again = Trace::parse(&trace.to_json()).expect("it was written by us");
            assert_eq!(again, trace);
            assert!(replay::states(&trace).count() <= trace.events.len() + 1);
            drop(replay::judge(&trace));
        }
        Err(error) => assert!(error.to_string().contains("line"), "{error}"),
    }
}
