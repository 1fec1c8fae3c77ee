//! The embedded server when something is wrong: with the request or with the
//! client.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use executor::net::TcpStream;
use executor::{Wait, run, sleep, timeout};
use futures::{AsyncReadExt, AsyncWriteExt};
use llm_demo_server::{Builder, Notice, Server};

use super::raw::{
    Reply, TOO_LONG, ask, begin, exchange, get, post, read_until, request, take_apart,
};

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const STORY: &str =
    r#"{"model":"gpt-4","stream":true,"messages":[{"role":"user","content":"Tell me a story"}]}"#;
pub(crate) const WHOLE: &str =
    r#"{"model":"gpt-4","messages":[{"role":"user","content":"Tell me a story"}]}"#;

fn quick() -> SocketAddr {
    Server::builder().no_delay().bind().expect("a port").start()
}

/// A server, and what it told.
pub(crate) fn logged(builder: Builder) -> (SocketAddr, Rc<RefCell<Vec<String>>>) {
    let told = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&told);
    let builder = builder.log(move |notice: &Notice| log.borrow_mut().push(notice.to_string()));
    (builder.bind().expect("a port").start(), told)
}

pub(crate) async fn until_told(told: &RefCell<Vec<String>>, wanted: &str) {
    let told_it = async {
        while !told.borrow().iter().any(|line| line == wanted) {
            sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = timeout(TOO_LONG, told_it).await;
    waited.unwrap_or_else(|_| panic!("not {wanted:?} but {:?}", told.borrow()));
}

/// Until the server waits for a token that is nearly an hour away.
async fn until_a_task_sleeps_long() {
    let long = |wait: &Wait| matches!(wait, Wait::Sleep(left) if left.as_secs() > 1000);
    while !executor::tasks()
        .iter()
        .any(|task| task.waits_for().iter().any(long))
    {
        sleep(Duration::from_millis(2)).await;
    }
}

#[track_caller]
pub(crate) fn assert_error(
    reply: &Reply,
    status: u16,
    code: Option<&str>,
    param: Option<&str>,
    text: &str,
) {
    let error = &reply.json()["error"];
    assert_eq!(reply.status, status, "{error}");
    assert_eq!(error["code"].as_str(), code, "{error}");
    assert_eq!(error["param"].as_str(), param, "{error}");
    assert!(error["type"].is_string(), "{error}");
    assert!(error["message"].as_str().unwrap().contains(text), "{error}");
}

#[test]
fn a_request_that_makes_no_sense_gets_an_error_object_that_names_the_field() {
    run(async {
        let addr = quick();
        let missing = Some("missing_required_parameter");
        let hi = r#""messages":[{"role":"user","content":"hi"}]"#;
        let cases = [
            ("{", None, None, "could not parse"),
            (r#"{"messages":[]}"#, None, Some("model"), "model"),
            (r#"{"model":"m"}"#, missing, Some("messages"), "messages"),
            (
                r#"{"model":"m","messages":[]}"#,
                None,
                Some("messages"),
                "too short",
            ),
            (
                &format!(r#"{{"model":"m","n":2,{hi}}}"#),
                None,
                Some("n"),
                "must be 1",
            ),
            (
                &format!(r#"{{"model":"m","max_tokens":0,{hi}}}"#),
                None,
                Some("max_tokens"),
                "less than 1",
            ),
            (
                &format!(r#"{{"model":"m","stream_options":{{}},{hi}}}"#),
                None,
                Some("stream_options"),
                "stream",
            ),
        ];
        for (body, code, param, text) in cases {
            assert_error(&post(addr, CHAT, body).await, 400, code, param, text);
        }
        let reply = post(addr, "/v1/completions", r#"{"model":"m"}"#).await;
        assert_error(&reply, 400, missing, Some("prompt"), "prompt");
        for body in [
            r#"{"model":"m"}"#,
            r#"{"model":"m","input":""}"#,
            r#"{"model":"m","input":[]}"#,
        ] {
            let reply = post(addr, "/v1/embeddings", body).await;
            assert_error(&reply, 400, None, Some("input"), "input");
        }
        let body = r#"{"model":"m","input":"x","encoding_format":"hex"}"#;
        assert_error(
            &post(addr, "/v1/embeddings", body).await,
            400,
            None,
            Some("encoding_format"),
            "hex",
        );
    });
}

#[test]
fn unknown_fields_and_nulls_are_taken() {
    run(async {
        let body = r#"{"model":"m","stream":null,"stop":null,"tools":null,"temperature":0.1,"user":"u","x":{},
            "messages":[{"role":"system","content":null},{"role":"user","content":"hi","name":"n"}]}"#;
        assert_eq!(post(quick(), CHAT, body).await.status, 200);
    });
}

#[test]
fn a_missing_model_an_unknown_address_and_a_wrong_method_are_told_apart() {
    run(async {
        let addr = quick();
        let reply = post(addr, CHAT, &STORY.replace("gpt-4", "missing")).await;
        assert_error(
            &reply,
            404,
            Some("model_not_found"),
            Some("model"),
            "`missing`",
        );
        let reply = post(addr, "/chat/completions", STORY).await;
        assert_error(&reply, 404, Some("unknown_url"), None, "ends with /v1");
        let reply = get(addr, CHAT).await;
        assert_error(&reply, 405, Some("method_not_supported"), None, "GET");
        assert_eq!(reply.header("allow"), Some("POST"));
    });
}

#[test]
fn every_other_request_for_the_model_rate_limited_is_one_too_many() {
    run(async {
        let addr = quick();
        let body = STORY.replace("gpt-4", "rate-limited");
        for _ in 0..2 {
            let reply = post(addr, CHAT, &body).await;
            assert_error(&reply, 429, Some("rate_limit_exceeded"), None, "1s");
            assert_eq!(reply.header("retry-after"), Some("1"));
            assert_eq!(post(addr, CHAT, &body).await.status, 200);
        }
    });
}

#[test]
fn with_a_key_only_requests_with_that_key_are_answered_and_it_is_never_told() {
    run(async {
        let key = "sk-of-the-test".to_string();
        let (addr, told) = logged(Server::builder().no_delay().api_key(key));
        for header in [
            "",
            "authorization: Bearer sk-wrong\r\n",
            "authorization: sk-of-the-test\r\n",
        ] {
            let reply = ask(addr, &request("POST", CHAT, header, STORY)).await;
            assert_error(
                &reply,
                401,
                Some("invalid_api_key"),
                None,
                "Incorrect API key",
            );
            assert!(!reply.body.contains("sk-"), "{}", reply.body);
        }
        let header = "authorization: Bearer sk-of-the-test\r\n";
        assert_eq!(
            ask(addr, &request("POST", CHAT, header, STORY))
                .await
                .status,
            200
        );
        assert!(!told.borrow().iter().any(|line| line.contains("sk-")));
    });
}

#[test]
fn a_body_or_a_head_that_is_too_long_is_refused() {
    run(async {
        let addr = Server::builder().max_body(1000).bind().unwrap().start();
        let reply = post(addr, CHAT, &" ".repeat(1001)).await;
        assert_error(&reply, 413, None, None, "1000 bytes");
        let long = format!("x-long: {}\r\n", "x".repeat(300_000));
        let answer = exchange(addr, request("GET", "/v1/models", &long, "").as_bytes()).await;
        // Some of the head is unread when the server closes: that may be a reset.
        let refused = |bytes: Vec<u8>| bytes.starts_with(b"HTTP/1.1 431");
        assert!(answer.map_or(true, refused));
    });
}

#[test]
fn two_lengths_for_one_body_are_refused_and_the_connection_is_closed() {
    run(async {
        let head = "transfer-encoding: chunked\r\n";
        let text = request("POST", CHAT, head, "0\r\n\r\n").replace("connection: close\r\n", "");
        let bytes = exchange(quick(), text.as_bytes()).await.unwrap();
        assert!(
            bytes.starts_with(b"HTTP/1.1 400"),
            "{}",
            String::from_utf8_lossy(&bytes)
        );
    });
}

#[test]
fn chunked_bodies_pipelined_requests_old_clients_and_expectations_are_served() {
    run(async {
        let addr = quick();
        let length = WHOLE.len();
        let chunked = format!(
            "POST {CHAT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
             {length:x}\r\n{WHOLE}\r\n0\r\n\r\n"
        );
        assert_eq!(ask(addr, &chunked).await.status, 200);
        let models = request("GET", "/v1/models", "", "");
        let two = models.replace("connection: close\r\n", "") + &models;
        let bytes = exchange(addr, two.as_bytes()).await.unwrap();
        assert_eq!(
            String::from_utf8_lossy(&bytes)
                .matches("HTTP/1.1 200 OK")
                .count(),
            2
        );
        let old = format!(
            "POST {CHAT} HTTP/1.0\r\ncontent-length: {}\r\n\r\n{STORY}",
            STORY.len()
        );
        let bytes = exchange(addr, old.as_bytes()).await.unwrap();
        let answer = String::from_utf8_lossy(&bytes);
        assert!(
            answer.starts_with("HTTP/1.0 200") && answer.ends_with("data: [DONE]\n\n"),
            "{answer}"
        );
        let expecting = request("POST", CHAT, "expect: 100-continue\r\n", WHOLE);
        let bytes = exchange(addr, expecting.as_bytes()).await.unwrap();
        assert!(String::from_utf8_lossy(&bytes).contains("HTTP/1.1 200 OK"));
    });
}

#[test]
fn a_client_that_leaves_stops_the_generation_and_the_server_says_so() {
    run(async {
        // The second token would come in an hour.
        let hour = Duration::from_secs(3600);
        let builder = Server::builder()
            .token_delay(hour)
            .first_token_delay(Duration::ZERO);
        let (addr, told) = logged(builder);
        let mut stream = begin(addr, CHAT, STORY).await;
        read_until(&mut stream, r#""delta":{"content":"#).await;
        drop(stream);
        until_told(
            &told,
            "req_000001 the client left after 1 tokens; generation stopped",
        )
        .await;
        // An answer in one piece is given up as well.
        let stream = begin(addr, CHAT, WHOLE).await;
        timeout(TOO_LONG, until_a_task_sleeps_long())
            .await
            .expect("a first token");
        drop(stream);
        until_told(
            &told,
            "req_000002 the client left after 1 tokens; generation stopped",
        )
        .await;
    });
}

#[test]
fn a_loop_that_ends_does_not_say_that_its_clients_left() {
    let told = run(async {
        let hour = Duration::from_secs(3600);
        let (addr, told) = logged(Server::builder().first_token_delay(hour));
        let mut stream = begin(addr, CHAT, STORY).await;
        read_until(&mut stream, "text/event-stream").await;
        drop(executor::spawn(async move {
            sleep(hour).await;
            drop(stream);
        }));
        told
    });
    assert_eq!(
        *told.borrow(),
        ["req_000001 POST /v1/chat/completions: 200"]
    );
}

#[test]
fn a_stop_lets_running_answers_end_and_closes_idle_connections() {
    run(async {
        let server = Server::builder()
            .token_delay(Duration::from_millis(1))
            .first_token_delay(Duration::ZERO);
        let server = server.grace(TOO_LONG).bind().unwrap();
        let addr = server.local_addr();
        let client = async {
            let mut idle = TcpStream::connect(addr).await.unwrap();
            let keep = request("GET", "/v1/models", "", "").replace("connection: close\r\n", "");
            idle.write_all(keep.as_bytes()).await.unwrap();
            read_until(&mut idle, "demo-embed").await;
            let mut busy = begin(addr, CHAT, STORY).await;
            let begin = read_until(&mut busy, r#""delta":{"content":"#).await;
            (idle, busy, begin)
        };
        let mut connections = None;
        let stop = async { connections = Some(client.await) };
        let served = timeout(TOO_LONG, server.until(stop));
        let (idle_and_busy, served) = {
            let served = served.await.expect("it ends").unwrap();
            (connections.unwrap(), served)
        };
        let (mut idle, mut busy, begin) = idle_and_busy;
        assert_eq!((served.connections, served.cancelled), (2, 0));
        let mut rest = String::new();
        busy.read_to_string(&mut rest).await.unwrap();
        let reply = take_apart(&(begin + &rest));
        assert!(reply.whole && reply.events().pop() == Some("[DONE]"));
        idle.read_to_string(&mut rest).await.unwrap(); // its end, and no error
        assert!(TcpStream::connect(addr).await.is_err());
    });
}
