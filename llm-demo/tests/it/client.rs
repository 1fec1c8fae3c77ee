//! Questions and answers, over real sockets, byte for byte.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use executor::net::TcpListener;
use futures::channel::oneshot;
use llm_demo::notice::Notice;
use llm_demo::{ChatMessage, Error, OpenAi, ToolCall};
use serde_json::{Value, json};

use super::script::*;

/// The JSON that a request carried.
fn body(request: &str) -> Value {
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

/// A stream of two deltas, as OpenAI sends it.
fn whole_stream() -> Vec<Step> {
    let role = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}}]}\n\n";
    let end = format!("{USAGE}{DONE}");
    vec![
        Request,
        stream_head(),
        chunk(role),
        chunk(&delta("Once")),
        chunk(&delta(" upon")),
        chunk(STOP),
        send(format!("{:x}\r\n{end}\r\n0\r\n\r\n", end.len())),
    ]
}

#[test]
fn a_stream_gives_deltas_the_text_so_far_and_the_usage_at_its_end() {
    run(async {
        let server = Server::start(vec![whole_stream()]).await;
        let llm = server.client();
        let mut stream = llm.astream_chat([("user", "Tell me")]).await.unwrap();
        let mut steps = Vec::new();
        while let Some(reply) = stream.try_next().await.unwrap() {
            steps.push((reply.delta.clone(), reply.message.content().to_owned()));
        }
        let expected = [
            ("Once", "Once"),
            (" upon", "Once upon"),
            ("", "Once upon"),
            ("", "Once upon"),
        ];
        assert_eq!(
            steps,
            expected.map(|(delta, text)| (delta.to_owned(), text.to_owned()))
        );
        let usage = stream.usage().unwrap();
        assert_eq!(
            (
                usage.prompt_tokens,
                usage.completion_tokens,
                usage.total_tokens
            ),
            (3, 2, 5)
        );
        assert_eq!(stream.finish_reason(), Some("stop"));
        assert_eq!(stream.deltas(), 2);
        assert!(stream.next().await.is_none(), "it stays ended");
    });
}

#[test]
fn a_reply_that_is_kept_does_not_change() {
    run(async {
        let server = Server::start(vec![whole_stream()]).await;
        let mut stream = server.client().astream_chat([("user", "x")]).await.unwrap();
        let first = stream.try_next().await.unwrap().unwrap();
        stream.get_response().await.unwrap();
        assert_eq!(first.message.content(), "Once");
        assert_eq!(stream.message().content(), "Once upon");
    });
}

#[test]
fn the_request_is_what_the_api_asks_for() {
    run(async {
        let server = Server::start(vec![whole_stream()]).await;
        let llm = server
            .builder()
            .api_key("secret")
            .model("gpt-4")
            .seed(7)
            .build();
        let question = [ChatMessage::system("Be kind."), ChatMessage::user("Hello")];
        llm.astream_chat(question)
            .await
            .unwrap()
            .get_response()
            .await
            .unwrap();
        let asked = server.asked.borrow();
        let head = asked[0].to_ascii_lowercase();
        assert!(
            head.starts_with("post /v1/chat/completions http/1.1\r\n"),
            "{head}"
        );
        assert!(
            head.contains("\r\nauthorization: bearer secret\r\n"),
            "{head}"
        );
        assert!(
            head.contains("\r\ncontent-type: application/json\r\n"),
            "{head}"
        );
        let expected = json!({
            "model": "gpt-4", "seed": 7, "stream": true, "stream_options": {"include_usage": true},
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Hello"},
            ],
        });
        assert_eq!(body(&asked[0]), expected);
    });
}

#[test]
fn messages_are_tuples_or_messages_or_a_json_literal() {
    run(async {
        let server = Server::start(vec![vec![
            Request,
            chat("a"),
            Request,
            chat("b"),
            Request,
            chat("c"),
            Request,
            chat("d"),
        ]])
        .await;
        let llm = server.client();
        llm.achat([("user", "Hi")]).await.unwrap();
        llm.achat(&vec![ChatMessage::user("Hi")]).await.unwrap();
        llm.achat(json!([{"role": "user", "content": "Hi"}]))
            .await
            .unwrap();
        llm.achat(json!([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]))
            .await
            .unwrap();
        for request in server.asked.borrow().iter() {
            assert_eq!(
                body(request)["messages"],
                json!([{"role": "user", "content": "Hi"}])
            );
        }
        let error = llm.achat(json!([{"content": "Hi"}])).await.unwrap_err();
        assert!(
            error
                .to_string()
                .contains(r#"{"role": "user", "content": "..."}"#),
            "{error}"
        );
    });
}

#[test]
fn achat_and_acomplete_give_the_whole_answer_and_its_usage() {
    run(async {
        let server = Server::start(vec![vec![Request, chat("Hello!"), Request, chat("Hey")]]).await;
        let llm = server.client();
        let reply = llm.achat([("user", "Hi")]).await.unwrap();
        assert_eq!(
            (reply.delta.as_str(), reply.message.content()),
            ("Hello!", "Hello!")
        );
        assert_eq!(reply.usage.unwrap().total_tokens, 5);
        assert_eq!(llm.acomplete("Hi").await.unwrap().text(), "Hey");
    });
}

#[test]
fn astream_complete_gives_the_text_so_far() {
    run(async {
        let server = Server::start(vec![whole_stream()]).await;
        let mut stream = server.client().astream_complete("Tell me").await.unwrap();
        let mut texts = Vec::new();
        while let Some(step) = stream.try_next().await.unwrap() {
            if !step.delta.is_empty() {
                texts.push(step.text().to_owned());
            }
        }
        assert_eq!(texts, ["Once", "Once upon"]);
        assert_eq!(stream.usage().unwrap().completion_tokens, 2);
    });
}

#[test]
fn a_tool_call_is_put_together_from_its_pieces() {
    let piece = |json: Value| {
        format!(
            "data: {}\n\n",
            json!({"choices": [{"index": 0, "delta": {"tool_calls": json}}]})
        )
    };
    let events = [
        piece(
            json!([{"index": 0, "id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": ""}}]),
        ),
        piece(
            json!([{"index": 1, "id": "call_2", "function": {"name": "get_time", "arguments": "{}"}}]),
        ),
        piece(json!([{"index": 0, "function": {"arguments": "{\"ci"}}])),
        piece(
            json!([{"index": 0, "id": null, "function": {"name": null, "arguments": "ty\":\"Paris\"}"}}]),
        ),
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n".into(),
        DONE.into(),
    ];
    run(async {
        let server = Server::start(vec![vec![
            Request,
            stream_to_close(),
            send(events.concat()),
        ]])
        .await;
        let tools = json!([{"type": "function", "function": {"name": "get_weather"}}]);
        let llm = server.builder().tools(tools.clone()).build();
        let reply = llm
            .astream_chat([("user", "Weather?")])
            .await
            .unwrap()
            .get_response()
            .await
            .unwrap();
        let call = |id: &str, name: &str, arguments: &str| ToolCall {
            id: id.into(),
            name: name.into(),
            arguments: arguments.into(),
        };
        let expected = [
            call("call_1", "get_weather", "{\"city\":\"Paris\"}"),
            call("call_2", "get_time", "{}"),
        ];
        assert_eq!(reply.message.tool_calls, expected);
        assert_eq!(reply.finish_reason.as_deref(), Some("tool_calls"));
        assert_eq!(body(&server.asked.borrow()[0])["tools"], tools);
    });
}

#[test]
fn calls_without_an_index_are_told_apart_by_their_ids() {
    let body = json!({"choices": [{"message": {"content": null, "tool_calls": [
        {"id": "a", "function": {"name": "f", "arguments": "{}"}},
        {"id": "b", "function": {"name": "g", "arguments": "[]"}},
    ]}, "finish_reason": "tool_calls"}]});
    run(async {
        let server =
            Server::start(vec![vec![Request, answer("200 OK", "", &body.to_string())]]).await;
        let reply = server.client().achat([("user", "x")]).await.unwrap();
        let names: Vec<_> = reply
            .message
            .tool_calls
            .iter()
            .map(|call| call.name.as_str())
            .collect();
        assert_eq!((names, reply.message.content()), (vec!["f", "g"], ""));
    });
}

#[test]
fn a_connection_is_kept_for_the_next_question() {
    run(async {
        let mut script = whole_stream();
        script.extend([Request, chat("again")]);
        script.extend(whole_stream());
        let server = Server::start(vec![script]).await; // one connection, or none
        let heads = Rc::new(RefCell::new(Vec::new()));
        let heard = Rc::clone(&heads);
        let llm = server.builder().notices(move |notice| {
            if let Notice::Head { reused, .. } = notice {
                heard.borrow_mut().push(*reused);
            }
        });
        let llm = llm.max_retries(0).build();
        let whole_answer = async || {
            let mut stream = llm.astream_chat([("user", "x")]).await.unwrap();
            stream.get_response().await.unwrap()
        };
        whole_answer().await;
        llm.achat([("user", "x")]).await.unwrap();
        whole_answer().await;
        assert_eq!(*heads.borrow(), [false, true, true]);
    });
}

#[test]
fn a_kept_connection_that_was_closed_costs_no_retry() {
    run(async {
        let (gone, server_left) = oneshot::channel::<()>();
        let first = vec![Request, chat("one"), Until(server_left)];
        let server = Server::start(vec![first, vec![Request, chat("two")]]).await;
        let llm = server.client();
        assert_eq!(llm.acomplete("x").await.unwrap().text(), "one");
        gone.send(()).unwrap();
        executor::sleep(Duration::from_millis(5)).await; // closed by now, or while it is used
        assert_eq!(llm.acomplete("x").await.unwrap().text(), "two");
    });
}

#[test]
fn a_kept_connection_that_closes_instead_of_answering_is_replaced_once() {
    run(async {
        let first = vec![Request, chat("one"), Request]; // takes the next question and closes
        let server = Server::start(vec![first, vec![Request, chat("two")]]).await;
        let llm = server.client();
        assert_eq!(llm.acomplete("x").await.unwrap().text(), "one");
        assert_eq!(llm.acomplete("x").await.unwrap().text(), "two");
        assert_eq!(server.asked.borrow().len(), 3);
    });
}

#[test]
fn a_fresh_connection_that_closes_instead_of_answering_is_an_error() {
    run(async {
        let server = Server::start(vec![vec![Request]]).await;
        let error = server.client().acomplete("x").await.unwrap_err();
        assert!(matches!(error, Error::Broken { .. }), "{error}");
        assert!(
            error.to_string().contains("broke before the answer"),
            "{error}"
        );
    });
}

#[test]
fn dropping_a_stream_closes_its_connection_at_once() {
    run(async {
        let (tell, told) = oneshot::channel();
        let script = vec![Request, stream_head(), chunk(&delta("Once")), Closed(tell)];
        let server = Server::start(vec![script]).await;
        let mut stream = server.client().astream_chat([("user", "x")]).await.unwrap();
        assert_eq!(stream.try_next().await.unwrap().unwrap().delta, "Once");
        drop(stream);
        told.await.expect("the server sees the connection close");
    });
}

#[test]
fn dropping_a_question_closes_its_connection_at_once() {
    run(async {
        let (tell, told) = oneshot::channel();
        let server = Server::start(vec![vec![Request, Closed(tell)]]).await;
        let llm = server.client();
        let question = llm.astream_chat([("user", "x")]);
        let asked = Rc::clone(&server.asked);
        let until_asked = async {
            while asked.borrow().is_empty() {
                executor::sleep(Duration::from_millis(1)).await;
            }
        };
        let which = executor::race((async { drop(question.await) }, until_asked)).await;
        assert_eq!(which.0, 1);
        told.await.expect("the server sees the connection close");
    });
}

#[test]
fn nothing_is_read_while_nobody_polls() {
    const MOST: usize = 256 * 1024 * 1024; // more than any socket buffers
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let written = Rc::new(Cell::new(0_usize));
        let count = Rc::clone(&written);
        drop(executor::spawn(async move {
            use futures::io::AsyncWriteExt;
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let event = delta(&"x".repeat(60_000));
            while count.get() < MOST && stream.write_all(event.as_bytes()).await.is_ok() {
                count.set(count.get() + event.len());
            }
        }));
        let llm = OpenAi::builder().base_url(url).build();
        let mut stream = llm.astream_chat([("user", "x")]).await.unwrap();
        stream.try_next().await.unwrap();
        // Until the server is stuck: it writes nothing in a long while.
        let mut before = usize::MAX;
        while before != written.get() {
            before = written.get();
            executor::sleep(Duration::from_millis(50)).await;
        }
        assert!(
            before < MOST,
            "the server could write {before} bytes that were not read"
        );
    });
}

#[test]
fn the_key_is_never_shown() {
    let llm = OpenAi::builder()
        .base_url("http://127.0.0.1:1")
        .api_key("topsecret");
    assert!(!format!("{llm:?}").contains("topsecret"));
    let llm = llm.api_key("topsecret\n2");
    assert!(!format!("{:?}", llm.clone().build()).contains("topsecret"));
    let error = run(llm.build().acomplete("x")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "OPENAI_API_KEY has characters that cannot be sent"
    );
}

#[test]
fn a_client_outlives_the_loop_that_it_was_used_on() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let serve = |text| {
        let listener = TcpListener::from_std(listener.try_clone().unwrap()).unwrap();
        Server::on(listener, vec![vec![Request, chat(text), Request]])
    };
    let llm = run(async {
        let llm = serve("one").client();
        assert_eq!(llm.acomplete("x").await.unwrap().text(), "one");
        llm
    });
    // The connection that it keeps is of the first loop, and of no use here.
    run(async {
        serve("two");
        assert_eq!(llm.acomplete("x").await.unwrap().text(), "two");
    });
}

#[test]
fn embeddings_come_in_the_order_of_the_texts() {
    run(async {
        let body = json!({"data": [
            {"index": 1, "embedding": [0.5, 1.0]},
            {"index": 0, "embedding": [0.25, -1.0]},
        ]});
        let server =
            Server::start(vec![vec![Request, answer("200 OK", "", &body.to_string())]]).await;
        let vectors = server
            .client()
            .aembed(&["a".into(), "b".into()])
            .await
            .unwrap();
        assert_eq!(vectors, [[0.25, -1.0], [0.5, 1.0]]);
    });
}
