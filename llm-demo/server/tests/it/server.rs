//! The embedded server, asked over real sockets: what it says when all is well.

use std::net::SocketAddr;

use executor::run;
use llm_demo_server::{Server, embedded};
use serde_json::{Value, json};

use super::raw::{Reply, get, post};

const STORY: &str = r#""messages":[{"role":"user","content":"Tell me a story"}]"#;

fn quick() -> SocketAddr {
    Server::builder().no_delay().bind().expect("a port").start()
}

async fn chat(addr: SocketAddr, fields: &str) -> Reply {
    let body = format!(r#"{{"model":"gpt-4",{fields}}}"#);
    post(addr, "/v1/chat/completions", &body).await
}

#[test]
fn a_stream_is_a_role_then_words_then_a_reason_then_the_counts_then_done() {
    run(async {
        let fields = format!(
            r#""stream":true,"stream_options":{{"include_usage":true}},"max_tokens":2,{STORY}"#
        );
        let reply = chat(quick(), &fields).await;
        assert_eq!(reply.status, 200);
        assert_eq!(
            reply.header("content-type"),
            Some("text/event-stream; charset=utf-8")
        );
        assert_eq!(reply.header("x-request-id"), Some("req_000001"));
        assert!(reply.whole);
        let chunks = reply.chunks();
        let created = chunks[0]["created"].as_u64().expect("a time");
        let event = |rest: &str| {
            format!(
                r#"{{"id":"chatcmpl-000001","object":"chat.completion.chunk","created":{created},"model":"gpt-4","system_fingerprint":"fp_llm_demo",{rest}}}"#
            )
        };
        let choice = |delta: &str, reason: &str| {
            event(&format!(
                r#""choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{reason}}}],"usage":null"#
            ))
        };
        let words: Vec<&str> = chunks[1..3]
            .iter()
            .map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().unwrap())
            .collect();
        let expected = [
            choice(
                r#"{"role":"assistant","content":"","refusal":null}"#,
                "null",
            ),
            choice(&format!(r#"{{"content":"{}"}}"#, words[0]), "null"),
            choice(&format!(r#"{{"content":"{}"}}"#, words[1]), "null"),
            choice("{}", r#""length""#),
            event(
                r#""choices":[],"usage":{"prompt_tokens":4,"completion_tokens":2,"total_tokens":6}"#,
            ),
            "[DONE]".to_string(),
        ];
        assert_eq!(reply.events(), expected);
    });
}

#[test]
fn without_include_usage_no_event_has_counts() {
    run(async {
        let reply = chat(quick(), &format!(r#""stream":true,{STORY}"#)).await;
        assert!(
            reply
                .chunks()
                .iter()
                .all(|chunk| chunk.get("usage").is_none())
        );
        let last = reply.chunks().pop().unwrap();
        assert_eq!(last["choices"][0]["finish_reason"], "stop");
        assert_eq!(reply.events().pop(), Some("[DONE]"));
    });
}

#[test]
fn a_whole_answer_is_what_the_stream_says() {
    run(async {
        let addr = quick();
        let streamed = chat(addr, &format!(r#""stream":true,{STORY}"#)).await;
        let whole = chat(addr, STORY).await.json();
        assert_eq!(whole["object"], "chat.completion");
        let message = &whole["choices"][0]["message"];
        assert_eq!(
            (&message["role"], &message["refusal"]),
            (&json!("assistant"), &Value::Null)
        );
        assert_eq!(message["content"], streamed.text());
        assert!(streamed.text().len() > 200, "{}", streamed.text());
        let words = streamed.chunks().len() - 2; // not the role, not the reason
        let usage =
            json!({"prompt_tokens": 4, "completion_tokens": words, "total_tokens": words + 4});
        assert_eq!(whole["usage"], usage);
    });
}

#[test]
fn a_seed_and_a_prompt_give_one_story_whatever_came_before() {
    run(async {
        let story = async |addr, fields: &str| {
            chat(addr, &format!(r#""stream":true,{fields}{STORY}"#))
                .await
                .text()
        };
        let (one, other) = (quick(), quick());
        let seven = Server::builder().no_delay().seed(7).bind().unwrap().start();
        let first = story(one, "").await;
        assert_eq!(story(one, "").await, first);
        assert_eq!(story(other, "").await, first);
        assert_ne!(story(seven, "").await, first);
        assert_ne!(story(one, r#""seed":7,"#).await, first);
        assert_eq!(
            story(one, r#""seed":7,"#).await,
            story(other, r#""seed":7,"#).await
        );
    });
}

#[test]
fn with_stamps_a_stream_tells_when_each_word_was_due() {
    run(async {
        let server = Server::builder().no_delay().stamps(true);
        let addr = server.bind().unwrap().start();
        let fields = format!(r#""stream":true,"max_tokens":4,{STORY}"#);
        let text = chat(addr, &fields).await.text();
        let stamps = text.split_terminator(' ').map(str::parse::<u64>);
        let in_microseconds = |stamp: &u64| *stamp > 1_600_000_000_000_000;
        let stamps: Vec<u64> = stamps.flatten().filter(in_microseconds).collect();
        assert_eq!(stamps.len(), 4, "{text}");
    });
}

#[test]
fn a_text_ends_at_a_stop_sequence_which_is_not_told() {
    run(async {
        let addr = quick();
        let whole = chat(addr, STORY).await.json();
        let whole = whole["choices"][0]["message"]["content"].as_str().unwrap();
        let cut = chat(addr, &format!(r#""stop":[". ",".\n"],{STORY}"#))
            .await
            .json();
        assert_eq!(cut["choices"][0]["finish_reason"], "stop");
        let first = whole
            .split(". ")
            .next()
            .unwrap()
            .split(".\n")
            .next()
            .unwrap();
        assert_eq!(cut["choices"][0]["message"]["content"], first);
    });
}

const TOOLS: &str = r#""tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]"#;

#[test]
fn a_request_with_tools_gets_a_call_whose_arguments_come_in_fragments() {
    run(async {
        let reply = chat(quick(), &format!(r#""stream":true,{TOOLS},{STORY}"#)).await;
        let chunks = reply.chunks();
        let calls: Vec<&Value> = chunks
            .iter()
            .map(|chunk| &chunk["choices"][0]["delta"]["tool_calls"][0])
            .filter(|call| call.is_object())
            .collect();
        let first = json!({"index": 0, "id": "call_000001", "type": "function", "function": {"name": "get_weather", "arguments": ""}});
        assert_eq!(*calls[0], first);
        assert!(calls.len() > 3, "in fragments: {calls:?}");
        let rest = &calls[1..];
        assert!(
            rest.iter()
                .all(|call| call.get("id").is_none() && call["index"] == 0)
        );
        let arguments: String = rest
            .iter()
            .filter_map(|call| call["function"]["arguments"].as_str())
            .collect();
        assert_eq!(arguments, r#"{"city":"Paris"}"#);
        assert_eq!(
            chunks.last().unwrap()["choices"][0]["finish_reason"],
            "tool_calls"
        );
    });
}

#[test]
fn a_whole_answer_has_the_call_in_one_piece_and_no_content() {
    run(async {
        let answer = chat(quick(), &format!("{TOOLS},{STORY}")).await.json();
        let message = &answer["choices"][0]["message"];
        assert_eq!(message["content"], Value::Null);
        let function = json!({"name": "get_weather", "arguments": r#"{"city":"Paris"}"#});
        assert_eq!(message["tool_calls"][0]["function"], function);
    });
}

#[test]
fn once_the_tool_has_answered_or_when_none_may_be_called_the_answer_is_text() {
    run(async {
        let addr = quick();
        let answered = r#""messages":[{"role":"user","content":"Weather?"},{"role":"assistant","content":null,"tool_calls":[]},{"role":"tool","tool_call_id":"call_1","content":"sunny, 21 degrees"}]"#;
        let text = chat(addr, &format!(r#""stream":true,{TOOLS},{answered}"#))
            .await
            .text();
        assert_eq!(text, "The tool answered: sunny, 21 degrees");
        let none = chat(
            addr,
            &format!(r#""stream":true,"tool_choice":"none",{TOOLS},{STORY}"#),
        )
        .await;
        assert!(none.text().ends_with('.'));
    });
}

#[test]
fn a_prompt_with_its_context_gets_sentences_of_the_context() {
    run(async {
        let prompt = "----------\nThe heron waits. A loop polls its tasks.\n----------\nQuery: What does a loop poll?\nAnswer:";
        let messages = json!([{"role": "user", "content": [{"type": "text", "text": prompt}]}]);
        let answer = chat(quick(), &format!(r#""stream":true,"messages":{messages}"#)).await;
        assert_eq!(answer.text(), "A loop polls its tasks.");
    });
}

#[test]
fn a_context_and_a_text_that_are_long_are_gone_through_on_another_thread() {
    run(async {
        let addr = quick();
        let long = "The heron waits. ".repeat(4000);
        let prompt = format!("-----\n{long} A loop polls.\n-----\nQuery: Who polls?");
        let messages = json!([{"role": "user", "content": prompt}]);
        let answer = chat(addr, &format!(r#""stream":true,"messages":{messages}"#)).await;
        assert_eq!(answer.text(), "A loop polls.");
        let body = json!({"model": "e", "input": [long, "short"]}).to_string();
        let list = post(addr, "/v1/embeddings", &body).await.json();
        assert_eq!(list["data"][1]["index"], 1);
    });
}

#[test]
fn legacy_completions_are_text_whole_and_streamed() {
    run(async {
        let addr = quick();
        let body = r#"{"model":"x","prompt":"Tell me a story"}"#;
        let whole = post(addr, "/v1/completions", body).await.json();
        assert_eq!(whole["object"], "text_completion");
        let body = body.replace('}', r#","stream":true}"#);
        let streamed = post(addr, "/v1/completions", &body).await;
        let chunks = streamed.chunks();
        let text: String = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["text"].as_str())
            .collect();
        assert_eq!(whole["choices"][0]["text"], text);
        assert_eq!(streamed.events().pop(), Some("[DONE]"));
    });
}

#[test]
fn embeddings_are_the_same_numbers_as_floats_and_as_base64() {
    use base64::Engine;
    run(async {
        let addr = quick();
        let ask = async |fields: &str| {
            post(
                addr,
                "/v1/embeddings",
                &format!(r#"{{"model":"e",{fields}}}"#),
            )
            .await
            .json()
        };
        let floats = ask(r#""input":["a heron","a loop"]"#).await;
        assert_eq!(floats["data"].as_array().unwrap().len(), 2);
        assert_eq!(floats["data"][1]["index"], 1);
        assert_eq!(
            floats["usage"],
            json!({"prompt_tokens": 4, "total_tokens": 4})
        );
        let numbers = floats["data"][0]["embedding"].as_array().unwrap();
        assert_eq!(numbers.len(), 256);
        let packed = ask(r#""input":"a heron","encoding_format":"base64""#).await;
        let packed = packed["data"][0]["embedding"].as_str().unwrap();
        let bytes = base64::prelude::BASE64_STANDARD.decode(packed).unwrap();
        let unpacked: Vec<f32> = bytes
            .chunks(4)
            .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
            .collect();
        let numbers: Vec<f32> = numbers
            .iter()
            .map(|number| number.as_f64().unwrap() as f32)
            .collect();
        assert_eq!(unpacked, numbers);
        assert_eq!(
            ask(r#""input":[[1,2],[3]],"dimensions":8"#).await["data"][1]["embedding"]
                .as_array()
                .unwrap()
                .len(),
            8
        );
        assert_eq!(
            ask(r#""input":[1,2]"#).await["data"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    });
}

#[test]
fn the_models_say_what_they_are_and_any_name_is_one() {
    run(async {
        let addr = quick();
        let list = get(addr, "/v1/models").await.json();
        assert_eq!(list["object"], "list");
        let names: Vec<_> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|model| model["id"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["demo-ngram", "demo-extract", "demo-embed"]);
        assert!(
            list["data"][0]["owned_by"]
                .as_str()
                .unwrap()
                .contains("not a neural network")
        );
        let any = get(addr, "/v1/models/some/model").await.json();
        assert_eq!(
            (&any["id"], &any["object"]),
            (&json!("some/model"), &json!("model"))
        );
        assert_eq!(get(addr, "/v1/models/missing").await.status, 404);
        assert!(get(addr, "/").await.body.contains("no neural network"));
    });
}

#[test]
fn a_hundred_streams_at_once_are_all_told_to_the_end() {
    run(async {
        let addr = quick();
        let ask = |n: u32| {
            let fields =
                format!(r#""stream":true,"messages":[{{"role":"user","content":"Story {n}"}}]"#);
            async move { chat(addr, &fields).await }
        };
        let replies = executor::gather((0..100).map(ask).collect::<Vec<_>>()).await;
        assert!(
            replies
                .iter()
                .all(|reply| reply.whole && reply.text().ends_with('.'))
        );
        let mut ids: Vec<_> = replies
            .iter()
            .map(|reply| reply.header("x-request-id").unwrap())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 100);
    });
}

#[test]
fn a_loop_has_one_embedded_server_and_the_next_loop_has_another() {
    let alone = run(async {
        let first = embedded().await.unwrap();
        assert_eq!(embedded().await.unwrap(), first);
        assert_eq!(get(first, "/v1/models").await.status, 200);
        first
    });
    assert!(
        std::net::TcpStream::connect(alone).is_err(),
        "it went with its loop"
    );
    run(async {
        let next = embedded().await.unwrap();
        assert_eq!(get(next, "/v1/models").await.status, 200);
    });
}
