//! The embedded server when it fails on purpose.

use std::time::Duration;

use executor::net::TcpStream;
use executor::{run, timeout};
use llm_demo_server::{Fault, Server};

use super::errors::{CHAT, STORY, WHOLE, assert_error, logged, until_told};
use super::raw::{Reply, begin, exchange, post, read_until, request};

async fn failing(fault: Fault, body: &str) -> Reply {
    let addr = Server::builder()
        .no_delay()
        .fault(fault)
        .fault_after(3)
        .bind()
        .unwrap()
        .start();
    post(addr, CHAT, body).await
}

#[test]
fn cut_closes_the_connection_in_mid_body() {
    run(async {
        let reply = failing(Fault::Cut, STORY).await;
        assert!(!reply.whole);
        assert_eq!(reply.events().len(), 4, "the role and three tokens");
        let reply = failing(Fault::Cut, WHOLE).await;
        assert!(!reply.whole && serde_json::from_str::<serde_json::Value>(&reply.body).is_err());
    });
}

#[test]
fn end_ends_the_body_without_a_reason_and_without_done() {
    run(async {
        let reply = failing(Fault::End, STORY).await;
        assert!(reply.whole);
        assert_eq!(reply.events().len(), 4);
        assert!(!reply.body.contains("stop") && !reply.body.contains("[DONE]"));
    });
}

#[test]
fn corrupt_has_an_event_that_is_no_json() {
    run(async {
        let reply = failing(Fault::Corrupt, STORY).await;
        assert_eq!(reply.events()[4], r#"{"id":"chatcmpl-"#);
        assert_eq!(reply.events().pop(), Some("[DONE]"));
        let reply = failing(Fault::Corrupt, WHOLE).await;
        assert!(reply.whole && serde_json::from_str::<serde_json::Value>(&reply.body).is_err());
    });
}

#[test]
fn error_has_an_event_with_an_error_object() {
    run(async {
        let reply = failing(Fault::Error, STORY).await;
        let last = reply.chunks().pop().unwrap();
        assert_eq!(last["error"]["type"], "server_error");
        assert_error(
            &failing(Fault::Error, WHOLE).await,
            500,
            None,
            None,
            "--fault error",
        );
    });
}

#[test]
fn the_faults_503_and_500_answer_with_an_object_and_with_plain_text() {
    run(async {
        let reply = failing(Fault::Unavailable, STORY).await;
        assert_error(&reply, 503, None, None, "overloaded");
        let reply = failing(Fault::PlainText, STORY).await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (500, "Internal Server Error\n")
        );
    });
}

#[test]
fn reset_resets_the_connection() {
    run(async {
        let addr = Server::builder()
            .no_delay()
            .fault(Fault::Reset)
            .fault_after(3)
            .bind()
            .unwrap()
            .start();
        let error = exchange(addr, request("POST", CHAT, "", STORY).as_bytes())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn garbage_is_not_http() {
    run(async {
        let addr = Server::builder()
            .fault(Fault::Garbage)
            .bind()
            .unwrap()
            .start();
        let mut stream = TcpStream::connect(addr).await.unwrap();
        read_until(&mut stream, "SSH-2.0").await;
    });
}

#[test]
fn stall_sends_some_tokens_and_then_nothing_and_silent_nothing_at_all() {
    run(async {
        let builder = Server::builder()
            .no_delay()
            .fault(Fault::Stall)
            .fault_after(3);
        let (addr, told) = logged(builder);
        let mut stream = begin(addr, CHAT, STORY).await;
        until_told(&told, "req_000001 failed as asked: stall").await;
        read_until(&mut stream, "\n\n").await;
        let (addr, told) = logged(Server::builder().fault(Fault::Silent));
        let quiet = timeout(Duration::from_millis(100), post(addr, CHAT, STORY)).await;
        assert!(quiet.is_err());
        assert!(told.borrow().is_empty(), "{told:?}");
    });
}

#[test]
fn a_fault_may_befall_the_first_of_every_few_requests_only() {
    run(async {
        let server = Server::builder()
            .no_delay()
            .fault(Fault::Unavailable)
            .fault_every(3);
        let addr = server.bind().unwrap().start();
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(post(addr, CHAT, STORY).await.status);
        }
        assert_eq!(statuses, [503, 200, 200, 503]);
    });
}
