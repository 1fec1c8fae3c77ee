//! Everything that can go wrong between a question and its answer, and what
//! is said about it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;
use llm_demo::notice::Notice;
use llm_demo::{Builder, ChatStream, Error, OpenAi, Phase};

use super::script::*;

/// A stream whose body is this, over a connection that then closes.
async fn stream_of(body: &str) -> ChatStream {
    let server = Server::start(vec![vec![Request, stream_to_close(), send(body)]]).await;
    server.client().astream_chat([("user", "x")]).await.unwrap()
}

/// All deltas up to the error, and the error.
async fn until_error(stream: &mut ChatStream) -> (String, Error) {
    loop {
        match stream.next().await.expect("an error comes first") {
            Ok(_) => {}
            Err(error) => {
                assert!(stream.next().await.is_none(), "it ends after an error");
                return (stream.message().content().to_owned(), error);
            }
        }
    }
}

#[track_caller]
fn assert_timeout(error: &Error, expected: Phase) {
    let of_phase = matches!(error, Error::Timeout { phase, .. } if *phase == expected);
    assert!(of_phase, "{error:?}");
}

/// A server that sends one word of a stream, and no more while the returned
/// sender lives.
async fn stuck_after_a_word() -> (Server, oneshot::Sender<()>) {
    let (keep, open) = oneshot::channel();
    let script = vec![Request, stream_head(), chunk(&delta("Once")), Until(open)];
    (Server::start(vec![script]).await, keep)
}

/// Asks with one answer scripted, without retries.
async fn error_of(step: Step) -> Error {
    let server = Server::start(vec![vec![Request, step]]).await;
    server
        .client()
        .astream_chat([("user", "x")])
        .await
        .unwrap_err()
}

#[test]
fn a_stream_that_ends_as_if_it_were_whole_is_truncated_and_its_text_is_kept() {
    run(async {
        let body = delta("Once") + &delta(" upon");
        let (text, error) = until_error(&mut stream_of(&body).await).await;
        assert_eq!(text, "Once upon");
        assert!(
            matches!(
                error,
                Error::Truncated {
                    after: 2,
                    source: None
                }
            ),
            "{error:?}"
        );
        let expected = "the answer was cut off after 2 deltas: the stream ended without finish_reason and [DONE]";
        assert_eq!(error.to_string(), expected);
    });
}

#[test]
fn an_event_that_has_not_ended_is_not_given() {
    run(async {
        let body = delta("Once") + delta(" upon").trim_end();
        let (text, error) = until_error(&mut stream_of(&body).await).await;
        assert_eq!((text.as_str(), error.is_truncated()), ("Once", true));
    });
}

#[test]
fn a_body_that_is_cut_inside_a_chunk_is_truncated() {
    run(async {
        let cut = send(format!("1000\r\n{}", delta("Once")));
        let server = Server::start(vec![vec![Request, stream_head(), cut]]).await;
        let mut stream = server.client().astream_chat([("user", "x")]).await.unwrap();
        let (text, error) = until_error(&mut stream).await;
        assert_eq!(text, "Once");
        assert!(
            matches!(
                error,
                Error::Truncated {
                    after: 1,
                    source: Some(_)
                }
            ),
            "{error:?}"
        );
    });
}

#[test]
fn a_reset_in_mid_stream_is_truncated() {
    run(async {
        let (reset, told) = oneshot::channel();
        let script = vec![OneByte, stream_head(), chunk(&delta("Once")), Until(told)];
        let server = Server::start(vec![script]).await;
        let mut stream = server.client().astream_chat([("user", "x")]).await.unwrap();
        assert_eq!(stream.try_next().await.unwrap().unwrap().delta, "Once");
        reset.send(()).unwrap();
        let (text, error) = until_error(&mut stream).await;
        assert_eq!(text, "Once");
        assert!(error.is_truncated(), "{error:?}");
        assert!(error.to_string().contains("reset"), "{error}");
    });
}

#[test]
fn a_finish_reason_without_done_is_an_end_and_so_is_done_without_a_reason() {
    run(async {
        for end in [STOP, DONE] {
            let mut stream = stream_of(&(delta("Once") + end)).await;
            assert_eq!(stream.get_response().await.unwrap().delta, "Once");
        }
    });
}

#[test]
fn an_event_that_is_no_json_ends_the_stream_with_its_text() {
    run(async {
        let body = delta("Once") + "data: overloaded\n\n" + &delta("never");
        let (text, error) = until_error(&mut stream_of(&body).await).await;
        assert_eq!(text, "Once");
        let expected = "the server sent something that is no answer: `overloaded`";
        assert_eq!(error.to_string(), expected);
    });
}

#[test]
fn an_error_in_the_stream_is_an_error_whatever_its_form() {
    let cases = [
        (
            r#"{"error":{"message":"Too busy","code":"overloaded"}}"#,
            "overloaded: Too busy",
        ),
        (r#"{"error":"Too busy"}"#, "the server says: Too busy"),
        (
            r#"{"error":{"message":"Too busy","code":502}}"#,
            "502: Too busy",
        ),
        (
            r#"{"choices":[],"error":{"message":"Too busy","type":"server_error"}}"#,
            "server_error: Too busy",
        ),
    ];
    run(async {
        for (json, expected) in cases {
            let body = delta("Once") + &format!("event: error\ndata: {json}\n\n");
            let (text, error) = until_error(&mut stream_of(&body).await).await;
            assert_eq!(
                (text.as_str(), error.to_string().as_str()),
                ("Once", expected)
            );
        }
    });
}

#[test]
fn an_error_field_that_says_nothing_is_none() {
    run(async {
        for nothing in ["null", "\"\"", "false"] {
            let event = format!(
                "data: {{\"error\":{nothing},\"choices\":[{{\"delta\":{{\"content\":\"Once\"}}}}]}}\n\n"
            );
            let mut stream = stream_of(&(event + DONE)).await;
            assert_eq!(stream.get_response().await.unwrap().delta, "Once");
        }
    });
}

#[test]
fn an_event_without_end_is_refused() {
    run(async {
        let body = delta("Once") + "data: " + &"x".repeat(llm_demo::sse::LONGEST_LINE);
        let (text, error) = until_error(&mut stream_of(&body).await).await;
        assert_eq!(text, "Once");
        assert_eq!(error.to_string(), "an event is longer than 8388608 bytes");
    });
}

#[test]
fn what_a_server_refuses_comes_out_before_the_stream() {
    let json = "Content-Type: application/json\r\nx-request-id: req_7\r\n";
    let cases = [
        (
            answer(
                "404 Not Found",
                json,
                r#"{"error":{"message":"No such model","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
            ),
            "404 model_not_found: No such model (request req_7)",
        ),
        (
            answer(
                "401 Unauthorized",
                "",
                r#"{"error":{"message":"Incorrect key","code":"invalid_api_key"}}"#,
            ),
            "401 invalid_api_key: Incorrect key; OPENAI_API_KEY or the base URL does not fit",
        ),
        (
            answer(
                "400 Bad Request",
                "",
                r#"{"error":"SyntaxError","message":"Unexpected token"}"#,
            ),
            "400 SyntaxError: Unexpected token",
        ),
        (
            answer(
                "422 Unprocessable Entity",
                "",
                r#"{"detail":"field required"}"#,
            ),
            "422: field required",
        ),
        (
            answer(
                "400 Bad Request",
                "",
                r#"{"object":"error","message":"too long","code":400}"#,
            ),
            "400: too long",
        ),
        (
            answer(
                "500 Internal Server Error",
                "Content-Type: text/plain\r\n",
                "Internal\nServer Error",
            ),
            "500: Internal Server Error",
        ),
        (
            answer("503 Service Unavailable", "", ""),
            "503: the server gives no reason",
        ),
        (
            answer(
                "308 Permanent Redirect",
                "Location: https://elsewhere/v1\r\n",
                "",
            ),
            "308: the server says that it has moved to https://elsewhere/v1: use that base URL",
        ),
    ];
    run(async {
        for (step, expected) in cases {
            assert_eq!(error_of(step).await.to_string(), expected);
        }
    });
}

#[test]
fn a_refusal_of_megabytes_is_cut_short() {
    run(async {
        let error = error_of(answer("500 Oh", "", &"no ".repeat(10_000))).await;
        let text = error.to_string();
        assert!(text.len() < 400 && text.ends_with("..."), "{text}");
        let error = error_of(answer("500 Oh", "", &"no ".repeat(1_000_000))).await;
        assert_eq!(error.status(), Some(500));
    });
}

#[test]
fn an_answer_that_is_no_json_is_said_to_be_none() {
    run(async {
        let server =
            Server::start(vec![vec![Request, answer("200 OK", "", "<html>Hi</html>")]]).await;
        let error = server.client().achat([("user", "x")]).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the server sent something that is no answer: `<html>Hi</html>`"
        );
    });
}

#[test]
fn what_does_not_speak_http_is_a_broken_connection() {
    run(async {
        let error = error_of(send("220 mail.example.com ESMTP\r\n")).await;
        assert!(matches!(error, Error::Broken { .. }), "{error:?}");
    });
}

#[test]
fn an_answer_that_never_begins_times_out() {
    run(async {
        let (_keep, open) = oneshot::channel();
        let server = Server::start(vec![vec![Request, Until(open)]]).await;
        let limit = Duration::from_millis(30);
        let llm = server
            .builder()
            .max_retries(0)
            .first_byte_timeout(limit)
            .build();
        let error = llm.acomplete("x").await.unwrap_err();
        assert_timeout(&error, Phase::FirstByte);
        let expected = format!(
            "no answer began from {} within 30ms",
            server.url().trim_end_matches("/v1")
        );
        assert_eq!(error.to_string(), expected);
    });
}

#[test]
fn a_stream_that_stalls_times_out_and_its_text_is_kept() {
    run(async {
        let (server, _keep) = stuck_after_a_word().await;
        let llm = server
            .builder()
            .idle_timeout(Duration::from_millis(30))
            .build();
        let mut stream = llm.astream_chat([("user", "x")]).await.unwrap();
        let (text, error) = until_error(&mut stream).await;
        assert_eq!(text, "Once");
        assert_timeout(&error, Phase::Idle);
    });
}

#[test]
fn the_total_limit_holds_for_retries_and_for_the_stream() {
    run(async {
        let (server, _keep) = stuck_after_a_word().await;
        let llm = server
            .builder()
            .total_timeout(Duration::from_millis(300))
            .build();
        // Whichever it is that takes too long on this machine.
        let error = match llm.astream_chat([("user", "x")]).await {
            Ok(mut stream) => until_error(&mut stream).await.1,
            Err(error) => error,
        };
        assert_timeout(&error, Phase::Total);

        let busy = || answer("503 Busy", "Retry-After: 100\r\n", "");
        let server = Server::start(vec![vec![Request, busy()]]).await;
        let llm = server
            .builder()
            .total_timeout(Duration::from_millis(50))
            .notices(|_| {})
            .build();
        let error = llm.acomplete("x").await.unwrap_err();
        assert_timeout(&error, Phase::Total);
    });
}

#[test]
fn any_bytes_start_the_idle_limit_anew() {
    const IDLE: Duration = Duration::from_millis(400);
    const COMMENTS: u32 = 16;
    run(async {
        for _ in 0..20 {
            let mut script = vec![Request, stream_head()];
            for _ in 0..COMMENTS {
                script.extend([Wait(IDLE / 8), chunk(": still here\n\n")]);
            }
            script.extend([chunk(&delta("Once")), chunk(STOP), chunk("")]);
            let server = Server::start(vec![script]).await;
            let begun = executor::now();
            let llm = server.builder().idle_timeout(IDLE).build();
            let mut stream = llm.astream_chat([("user", "x")]).await.unwrap();
            let answer = stream.get_response().await;
            let took = executor::now() - begun;
            // The machine may have slept for longer than the limit; then there
            // is nothing to be judged.
            match answer {
                Ok(answer) => {
                    assert_eq!(answer.delta, "Once");
                    assert!(took > IDLE, "longer than the limit in all");
                    return;
                }
                Err(error) => assert!(error.is_timeout(), "{error}"),
            }
        }
        panic!("twenty times a comment did not start the limit anew");
    });
}

#[test]
fn a_connection_that_does_not_come_to_be_names_the_place_and_what_to_do() {
    run(async {
        let (_held, port) = deaf_port();
        let url = format!("http://127.0.0.1:{port}");
        let llm = OpenAi::builder().base_url(&url).max_retries(0).build();
        let text = llm.acomplete("x").await.unwrap_err().to_string();
        assert!(
            text.starts_with(&format!("no connection to {url} (from ")),
            "{text}"
        );
        assert!(
            text.contains("refused") && text.contains("OPENAI_BASE_URL"),
            "{text}"
        );
    });
}

#[test]
fn a_base_url_that_is_none_is_refused_by_the_first_question() {
    run(async {
        let urls = [
            "",
            "localhost:80",
            "ftp://a/v1",
            "http://",
            "http://a:0x/",
            "http://a:/v1",
            "http://a:70000/v1",
            "http://a b/",
        ];
        for url in urls {
            let llm = OpenAi::builder().base_url(url).build();
            let error = llm.acomplete("x").await.unwrap_err();
            assert!(matches!(error, Error::Config(_)), "{url}: {error}");
            assert!(error.to_string().contains("OPENAI_BASE_URL"), "{error}");
        }
        let llm = OpenAi::builder().base_url("http://me:pass@a/").build();
        let text = llm.acomplete("x").await.unwrap_err().to_string();
        assert!(
            text.contains("not supported") && !text.contains("pass@"),
            "{text}"
        );
    });
}

/// What a client announces.
fn listen(builder: Builder) -> (OpenAi, Rc<RefCell<Vec<String>>>) {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let said = Rc::clone(&heard);
    let llm = builder.notices(move |notice| {
        if let Notice::Retry { .. } = notice {
            said.borrow_mut().push(notice.to_string());
        }
    });
    (llm.build(), heard)
}

#[test]
fn a_busy_server_is_asked_again_when_it_says_and_each_retry_is_announced() {
    run(async {
        let busy = |headers| {
            answer(
                "429 Too Many Requests",
                headers,
                r#"{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}"#,
            )
        };
        let script = vec![
            Request,
            busy("Retry-After-Ms: 20\r\n"),
            Request,
            busy("Retry-After: 0.03\r\n"),
            Request,
            chat("at last"),
        ];
        let server = Server::start(vec![script]).await;
        let (llm, heard) = listen(server.builder());
        let begun = executor::now();
        assert_eq!(llm.acomplete("x").await.unwrap().text(), "at last");
        assert!(executor::now() - begun >= Duration::from_millis(50));
        let expected = [
            "retry 1 of 2 in 0.02s: 429 rate_limit_exceeded: Slow down",
            "retry 2 of 2 in 0.03s: 429 rate_limit_exceeded: Slow down",
        ];
        assert_eq!(*heard.borrow(), expected);
        assert_eq!(
            server.asked.borrow().len(),
            3,
            "one layer of retries, not two"
        );
    });
}

#[test]
fn a_server_that_stays_busy_is_asked_three_times_in_all() {
    run(async {
        let busy = || answer("503 Busy", "Retry-After-Ms: 1\r\n", "no");
        let script = vec![
            Request,
            busy(),
            Request,
            busy(),
            Request,
            busy(),
            Request,
            busy(),
        ];
        let server = Server::start(vec![script]).await;
        let (llm, heard) = listen(server.builder());
        assert_eq!(llm.acomplete("x").await.unwrap_err().to_string(), "503: no");
        assert_eq!((server.asked.borrow().len(), heard.borrow().len()), (3, 2));
    });
}

#[test]
fn a_wait_that_is_too_long_is_no_wait() {
    run(async {
        let server = Server::start(vec![vec![
            Request,
            answer("429 Oh", "Retry-After: 121\r\n", "later"),
        ]])
        .await;
        let (llm, heard) = listen(server.builder());
        assert_eq!(
            llm.acomplete("x").await.unwrap_err().to_string(),
            "429: later"
        );
        assert_eq!(heard.borrow().len(), 0);
    });
}

#[test]
fn a_connection_that_breaks_before_the_answer_is_a_reason_to_ask_again() {
    run(async {
        let half = send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{");
        let server = Server::start(vec![
            vec![Request],
            vec![Request, half],
            vec![Request, chat("at last")],
        ])
        .await;
        let (llm, heard) = listen(server.builder());
        assert_eq!(llm.acomplete("x").await.unwrap().text(), "at last");
        assert_eq!(heard.borrow().len(), 2);
    });
}

#[test]
fn nothing_is_asked_again_once_a_stream_has_begun() {
    run(async {
        let broken = vec![Request, stream_to_close(), send(delta("Once"))];
        let server = Server::start(vec![broken, vec![Request, chat("never")]]).await;
        let (llm, heard) = listen(server.builder());
        let mut stream = llm.astream_chat([("user", "x")]).await.unwrap();
        assert!(until_error(&mut stream).await.1.is_truncated());
        assert_eq!((server.asked.borrow().len(), heard.borrow().len()), (1, 0));
    });
}
