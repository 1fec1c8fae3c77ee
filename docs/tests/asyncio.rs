//! The recording of CPython's loop is read by the Rust fold too.
//!
//! `BLESS=1 cargo test -p docs --test asyncio` writes the states anew; the
//! player's own fold is compared with them in `docs/player/tests`.

use std::fs;
use std::path::Path;

use executor::instrument::Trace;
use executor::instrument::replay;

#[test]
fn the_states_of_the_python_recording_are_those_of_the_rust_fold() {
    let traces = Path::new(env!("CARGO_MANIFEST_DIR")).join("player/traces");
    let text = fs::read_to_string(traces.join("fetch_data.python.json")).expect("it is committed");
    let trace = Trace::parse(&text).expect("record.py writes loop-trace/1");
    assert_eq!(replay::judge(&trace), [], "asyncio keeps the rules too");
    let states: String = replay::states(&trace)
        .map(|state| state.to_json() + "\n")
        .collect();
    let file = traces.join("fetch_data.python.states.jsonl");
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(&file, &states).expect("the file can be written");
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == states,
        "{} is stale. If that is as it should be: BLESS=1 cargo test -p docs --test asyncio",
        file.display()
    );
}
