//! A thousand answers of a language model at once: the client of `llm-demo` on
//! our loop, beside the same client on tokio.
//!
//! The other side is the program `serve`, in a process of its own; so is each
//! client, for what a process has once used it may keep. The clients take
//! turns, each time against a server that has just been started, and the first
//! client changes from turn to turn. A client that takes longer than a minute is
//! given up, and the server ends with the turn.
//!
//! Two settings. *Paced*: a token every 50 ms on each stream, 20,000 a second
//! in all, which leaves both processes time to sleep; here it counts what a
//! token costs and how late it is. *Flat out*: as fast as the server can, which
//! then is the slower of the two and sets the time on the wall.
//!
//! A token says when it was due (`serve --stamps`): at the end of the server's
//! own wait before it. Its lateness is the time from there until the client has
//! it in hand as text, so the server's part and the kernel's are in it too, the
//! same for both clients. It cannot say what a burst does: 1,000 streams that
//! begin at the same time are spread out by the time it takes to connect them.

mod clients;
mod seen;
mod server;

use std::env;
use std::path::Path;

use serde_json::{Value, json};

use crate::child;
use crate::contender::{Contender, list};
use crate::effort;
use crate::net::raise_descriptor_limit;
use crate::results;
use crate::stats::Middle;
use clients::turn_of;
use seen::Found;
use server::Serve;

pub(crate) const QUESTION: &str = "llm";

const STREAMS: usize = 1_000;
const TOKENS: usize = 80;
/// As many as the other rows of the table have.
const ROUNDS: usize = 9;

/// How fast the server is: a name, and the words for `serve`.
type Setting = (&'static str, &'static [&'static str]);

const SETTINGS: [Setting; 2] = [
    (
        "paced",
        &["--delay", "50ms", "--first-token-delay", "150ms"],
    ),
    ("flat out", &["--delay", "0s", "--first-token-delay", "0s"]),
];

/// The rows of the table: their names, and which measure of which setting they
/// are. Paced, the time on the wall is the server's pace; flat out, lateness is
/// the length of a queue.
const ROWS: [(&str, &str, &str); 6] = [
    ("llm/1,000 answers, lateness p50", "paced", "late_p50"),
    ("llm/1,000 answers, lateness p99", "paced", "late_p99"),
    ("llm/1,000 answers (CPU)", "paced", "cpu"),
    ("llm/1,000 answers, flat out", "flat out", "wall"),
    ("llm/1,000 answers, flat out (CPU)", "flat out", "cpu"),
    ("memory/answer that streams", "paced", "memory"),
];

/// What a client is to do.
pub(crate) struct Asked {
    /// Where the API is, up to and with `/v1`.
    pub(crate) url: String,
    pub(crate) streams: usize,
    pub(crate) tokens: usize,
}

type Turn = fn(&Asked) -> Result<Found, String>;

fn contenders() -> Vec<Contender<Turn>> {
    list!(turn_of: Executor Tokio)
}

/// What came out of all rounds, by client, in one setting.
#[derive(Debug)]
pub(crate) struct Rounds {
    setting: &'static str,
    by_client: Vec<(&'static str, Vec<Found>)>,
}

/// A row for the table.
pub(crate) struct LlmRow {
    pub(crate) id: &'static str,
    pub(crate) rounds: Vec<(&'static str, Vec<f64>)>,
}

/// Whether one of the rows has the text in its name.
pub(crate) fn is_asked_for(filter: &str) -> bool {
    ROWS.iter().any(|(id, ..)| id.contains(filter))
}

/// Measures all of it against the program `serve`. A setting that fails says so
/// on stderr and is left out.
pub(crate) fn measure(serve: &Path) -> Vec<Rounds> {
    // The server inherits the limit.
    raise_descriptor_limit(STREAMS);
    let measured = SETTINGS.iter().map(|setting| take_turns(serve, setting));
    let said = measured.filter_map(|result| {
        result
            .inspect_err(|why| eprintln!("skipped: llm: {why}"))
            .ok()
    });
    said.collect()
}

fn take_turns(serve: &Path, (setting, pace): &Setting) -> Result<Rounds, String> {
    let mut by_client: Vec<_> = contenders()
        .iter()
        .map(|one| (one.name, Vec::new()))
        .collect();
    let count = effort::rounds(ROUNDS);
    for round in 0..count {
        eprintln!("llm, {setting}: round {} of {count}", round + 1);
        for at in 0..by_client.len() {
            let at = (at + round) % by_client.len();
            let (client, found) = &mut by_client[at];
            let turn = one_turn(serve, pace, client);
            found.push(turn.map_err(|why| format!("{setting}, {client}: {why}"))?);
        }
    }
    Ok(Rounds { setting, by_client })
}

/// Starts a server and a client; the client's answer.
fn one_turn(serve: &Path, pace: &[&str], client: &str) -> Result<Found, String> {
    let server = Serve::start(serve, pace)?;
    let output = child::command(QUESTION, client)?
        .args([&server.url, &STREAMS.to_string(), &TOKENS.to_string()])
        .output()
        .map_err(|error| error.to_string())?;
    let answer = serde_json::from_slice(&output.stdout).ok();
    let found = answer.as_ref().and_then(Found::from_json);
    found.ok_or_else(|| String::from_utf8_lossy(&output.stderr).trim().to_string())
}

/// In the process that was started: does the work for one client.
pub(crate) fn answer(client: &str) -> Result<Value, String> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [url, streams, tokens] = &words[..] else {
        return Err("a URL and two numbers, please".to_string());
    };
    let number = |text: &str| text.parse().map_err(|_| format!("{text} is no number"));
    let asked = Asked {
        url: url.clone(),
        streams: number(streams)?,
        tokens: number(tokens)?,
    };
    raise_descriptor_limit(asked.streams);
    let contenders = contenders();
    let found = contenders.iter().find(|one| one.name == client);
    let found = found.ok_or_else(|| format!("{client} is no client"))?;
    (found.work)(&asked).map(Found::to_json)
}

/// The rows of the table whose name has the text in it.
pub(crate) fn rows(measured: &[Rounds], filter: &str) -> Vec<LlmRow> {
    let wanted = ROWS.iter().filter(|(id, ..)| id.contains(filter));
    wanted
        .filter_map(|(id, setting, measure)| {
            let of_setting = measured.iter().find(|one| one.setting == *setting)?;
            let values = |(name, found): &(&'static str, Vec<Found>)| {
                (*name, found.iter().map(|one| one.get(measure)).collect())
            };
            let rounds = of_setting.by_client.iter().map(values).collect();
            Some(LlmRow { id, rounds })
        })
        .collect()
}

/// Keeps every measure for the report's own table of this pass.
pub(crate) fn save(measured: &[Rounds]) {
    let mut kept = Vec::new();
    for Rounds { setting, by_client } in measured {
        for (name, found) in by_client {
            for measure in seen::MEASURES {
                let value = Middle::of(found.iter().map(|one| one.get(measure)));
                kept.push(json!({
                    "setting": setting, "measure": measure, "name": name, "value": value.to_json(),
                }));
            }
        }
    }
    results::save("llm", &Value::from(kept));
}

#[cfg(test)]
mod tests {
    use super::*;
    use llm_demo::server::Server;
    use std::sync::mpsc;
    use std::thread;

    /// A server on a thread of its own, for as long as the tests run.
    fn url() -> String {
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            executor::run(async {
                let server = Server::builder().no_delay().stamps(true).bind();
                let server = server.expect("a port");
                tell.send(server.base_url()).expect("the test waits");
                let served = server.until(std::future::pending()).await;
                served.expect("it is not stopped");
            });
        });
        told.recv().expect("it listens")
    }

    #[test]
    fn each_client_sees_every_token_of_every_stream() {
        let asked = Asked {
            url: url(),
            streams: 20,
            tokens: 7,
        };
        for client in contenders() {
            let found = (client.work)(&asked).expect(client.name);
            assert_eq!(found.tokens, 140, "{}", client.name);
        }
    }

    #[test]
    fn a_server_that_refuses_is_an_error_that_says_so() {
        let asked = Asked {
            url: url().replace("/v1", "/nowhere"),
            streams: 1,
            tokens: 1,
        };
        for client in contenders() {
            let why = (client.work)(&asked).expect_err(client.name);
            assert!(why.contains("404"), "{}: {why}", client.name);
        }
    }

    #[test]
    fn every_row_is_a_measure_of_a_setting() {
        for (id, setting, measure) in ROWS {
            assert!(SETTINGS.iter().any(|(name, _)| *name == setting), "{id}");
            assert!(seen::MEASURES.contains(&measure), "{id}");
        }
    }
}
