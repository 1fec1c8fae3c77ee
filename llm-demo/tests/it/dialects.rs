//! Streams as servers in the wild write them, and any valid stream in any
//! pieces.

use proptest::prelude::*;
use serde_json::json;

use super::script::*;

/// The text, the reason and the number of tokens of a stream with this head
/// and body.
async fn read(head: &str, body: &str) -> (String, Option<String>, Option<u64>) {
    let head = format!("HTTP/1.1 200 OK\r\n{head}Connection: close\r\n\r\n");
    let server = Server::start(vec![vec![Request, send(head), send(body)]]).await;
    let mut stream = server.client().astream_chat([("user", "x")]).await.unwrap();
    let reply = stream
        .get_response()
        .await
        .unwrap_or_else(|error| panic!("{error}: {body}"));
    (
        reply.delta,
        reply.finish_reason,
        reply.usage.map(|usage| usage.total_tokens),
    )
}

fn event(json: serde_json::Value) -> String {
    format!("data: {json}\n\n")
}

#[track_caller]
fn says(head: &str, body: &str, expected: (&str, Option<&str>, Option<u64>)) {
    let (text, reason, tokens) = run(read(head, body));
    assert_eq!(
        (text.as_str(), reason.as_deref(), tokens),
        expected,
        "{body}"
    );
}

const STREAM: &str = "Content-Type: text/event-stream; charset=utf-8\r\n";

#[test]
fn plain_text_and_no_content_type_at_all_are_streams_too() {
    let body = event(json!({"choices": [{"index": 0, "delta": {"role": "assistant"}}]}))
        + &delta("Hi")
        + STOP
        + DONE;
    says(
        "Content-Type: text/plain\r\n",
        &body,
        ("Hi", Some("stop"), None),
    );
    says("", &body, ("Hi", Some("stop"), None));
}

#[test]
fn role_and_text_may_come_together_and_text_with_the_reason() {
    let body = event(
        json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": "H"}}]}),
    ) + &event(
        json!({"choices": [{"index": 0, "delta": {"content": "i"}, "finish_reason": "stop"}]}),
    ) + DONE;
    says(STREAM, &body, ("Hi", Some("stop"), None));
}

#[test]
fn nulls_are_as_good_as_nothing() {
    let body = event(
        json!({"id": "a", "choices": [{"index": 0, "delta": {"role": null, "content": null, "tool_calls": null}}]}),
    ) + &event(
        json!({"id": 2, "choices": [{"index": null, "delta": {"role": null, "content": "Hi"}, "finish_reason": ""}], "model": null}),
    ) + &event(json!({"choices": null, "usage": null, "error": null}))
        + &event(json!({"choices": [{"delta": null, "finish_reason": "length"}]}));
    says(STREAM, &body, ("Hi", Some("length"), None));
}

#[test]
fn usage_may_come_with_choices_and_with_more_than_is_known() {
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 2.0, "total_tokens": 3, "prompt_tokens_details": {"cached_tokens": 0}, "cost": 0.1});
    let body = delta("Hi")
        + STOP
        + &event(
            json!({"choices": [{"index": 0, "delta": {}}], "usage": usage, "obfuscation": "xxxx"}),
        )
        + DONE;
    says(STREAM, &body, ("Hi", Some("stop"), Some(3)));
    let usage = json!({"prompt_tokens": null, "total_tokens": 7});
    let body = delta("Hi") + &event(json!({"usage": usage})) + DONE;
    says(STREAM, &body, ("Hi", None, Some(7)));
}

#[test]
fn text_may_come_as_parts_as_a_message_or_under_its_older_name() {
    let parts =
        json!([{"type": "text", "text": "H"}, {"type": "thinking"}, {"type": "text", "text": "i"}]);
    for choice in [
        json!({"delta": {"content": parts}}),
        json!({"message": {"content": "Hi"}}),
        json!({"text": "Hi"}),
    ] {
        let body = event(json!({"choices": [choice]})) + DONE;
        says(STREAM, &body, ("Hi", None, None));
    }
}

#[test]
fn only_the_first_of_several_answers_is_read() {
    let other = event(json!({"choices": [{"index": 1, "delta": {"content": "no"}}]}));
    says(
        STREAM,
        &(delta("Hi") + &other + STOP + DONE),
        ("Hi", Some("stop"), None),
    );
}

#[test]
fn comments_and_empty_events_keep_the_connection_alive_and_mean_nothing() {
    let body = ": OPENROUTER PROCESSING\n\n".to_owned()
        + "event: ping\ndata: \n\n"
        + &delta("Hi")
        + "\n\n: x\n"
        + STOP
        + "data:  [DONE] \n\n";
    says(STREAM, &body, ("Hi", Some("stop"), None));
}

#[test]
fn a_server_that_does_not_stream_may_send_the_whole_answer() {
    let whole = json!({"choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}], "usage": {"total_tokens": 9}});
    says(
        "Content-Type: application/json\r\n",
        &format!("\n{whole:#}\n"),
        ("Hi", Some("stop"), Some(9)),
    );
}

#[test]
fn what_comes_after_done_is_not_read() {
    says(
        STREAM,
        &(delta("Hi") + DONE + &delta("no") + "data: junk\n\n"),
        ("Hi", None, None),
    );
}

/// How a server may end its lines, and what it may put between events.
fn line_ends() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("\n"), Just("\r"), Just("\r\n")]
}

fn between() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just(""), 1 => Just(": alive\n"), 1 => Just("\n"), 1 => Just("id: 7\nretry: 10\n")]
}

/// A valid stream, the deltas in it, and where it is cut.
fn stream() -> impl Strategy<Value = (Vec<u8>, Vec<String>, Vec<usize>)> {
    let texts = prop::collection::vec(("\\PC{1,12}", between()), 1..12);
    (texts, line_ends(), any::<bool>()).prop_flat_map(|(texts, line_end, marked)| {
        let mut stream = String::new();
        for (text, between) in &texts {
            stream += &delta(text);
            stream += between;
        }
        stream = (stream + STOP + USAGE + DONE).replace('\n', line_end);
        if marked {
            stream.insert(0, '\u{feff}');
        }
        let deltas = texts.into_iter().map(|(text, _)| text).collect::<Vec<_>>();
        let cuts = prop::collection::vec(0..=stream.len(), 0..20);
        (Just(stream.into_bytes()), Just(deltas), cuts)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces_of_any_valid_stream_give_the_same_deltas((stream, deltas, mut cuts) in stream()) {
        cuts.sort_unstable();
        let got: Vec<String> = run(async {
            let mut script = vec![Request, stream_head()];
            let mut from = 0;
            for to in cuts.into_iter().chain([stream.len()]) {
                if from < to {
                    // Every piece is a chunk of its own, and so a read of its own to the client.
                    let piece = &stream[from..to];
                    let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
                    chunk.extend_from_slice(piece);
                    chunk.extend_from_slice(b"\r\n");
                    script.push(send(chunk));
                }
                from = to;
            }
            script.push(chunk(""));
            let server = Server::start(vec![script]).await;
            let mut stream = server.client().astream_chat([("user", "x")]).await.unwrap();
            let mut got = Vec::new();
            while let Some(reply) = stream.try_next().await.unwrap() {
                if !reply.delta.is_empty() {
                    got.push(reply.delta);
                }
            }
            assert_eq!(stream.usage().unwrap().total_tokens, 5);
            assert_eq!(stream.message().content(), got.concat());
            got
        });
        prop_assert_eq!(got, deltas);
    }
}
