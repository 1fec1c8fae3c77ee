//! A server that says, byte for byte, what a test wants said.
//!
//! Every connection has a script of its own. It runs on the test's loop, over
//! real sockets.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use executor::net::{TcpListener, TcpStream};
use futures::channel::oneshot;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use llm_demo::{Builder, OpenAi};
use socket2::{Domain, Socket, Type};

/// Longer than any of this takes on any machine; turns a hang into a failure.
const LONGEST: Duration = Duration::from_secs(120);

/// What a connection does next. At the end of its script it closes.
pub(crate) enum Step {
    /// Reads a request, head and body.
    Request,
    /// Reads one byte of it: to close with bytes unread resets the connection.
    OneByte,
    Send(Vec<u8>),
    Wait(Duration),
    /// Waits until the test says so.
    Until(oneshot::Receiver<()>),
    /// Waits until the client closes, and says so.
    Closed(oneshot::Sender<()>),
}

pub(crate) use Step::{Closed, OneByte, Request, Until, Wait};

pub(crate) fn send(text: impl Into<Vec<u8>>) -> Step {
    Step::Send(text.into())
}

/// What was asked of the server so far, one text per request.
pub(crate) type Asked = Rc<RefCell<Vec<String>>>;

pub(crate) struct Server {
    pub(crate) asked: Asked,
    port: u16,
}

impl Server {
    /// Takes as many connections as there are scripts, and no more.
    pub(crate) async fn start(scripts: Vec<Vec<Step>>) -> Server {
        Server::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), scripts)
    }

    /// The same, on a listener that the test keeps too.
    pub(crate) fn on(listener: TcpListener, scripts: Vec<Vec<Step>>) -> Server {
        let port = listener.local_addr().unwrap().port();
        let asked = Asked::default();
        let heard = Rc::clone(&asked);
        drop(executor::spawn(async move {
            for script in scripts {
                let (stream, _peer) = listener.accept().await.unwrap();
                drop(executor::spawn(play(stream, script, Rc::clone(&heard))));
            }
        }));
        Server { asked, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// A client of this server that does not try again.
    pub(crate) fn client(&self) -> OpenAi {
        self.builder().max_retries(0).build()
    }

    pub(crate) fn builder(&self) -> Builder {
        OpenAi::builder().base_url(self.url())
    }
}

/// Runs a test, but not forever.
pub(crate) fn run<F: Future>(test: F) -> F::Output {
    executor::run(executor::timeout(LONGEST, test)).expect("the test hangs")
}

/// Plays a script with a client. What goes wrong then is the client's leaving.
async fn play(stream: TcpStream, script: Vec<Step>, asked: Asked) {
    let mut stream = stream;
    for step in script {
        match step {
            Step::Request => match read_request(&mut stream).await {
                Some(request) => asked.borrow_mut().push(request),
                None => return,
            },
            Step::OneByte => drop(stream.read(&mut [0]).await),
            Step::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Step::Wait(time) => executor::sleep(time).await,
            Step::Until(told) => drop(told.await),
            Step::Closed(tell) => {
                while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
                let _ = tell.send(());
            }
        }
    }
}

/// The head and the body of a request; `None` if the client left instead.
pub(crate) async fn read_request(stream: &mut (impl futures::AsyncRead + Unpin)) -> Option<String> {
    let mut all = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let length = stream
            .read(&mut buffer)
            .await
            .ok()
            .filter(|length| *length > 0)?;
        all.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&all);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        let mut fields = head
            .lines()
            .filter_map(|line| line.strip_prefix("content-length: "));
        let expected = fields.next().map_or(0, |length| length.parse().unwrap());
        if body.len() >= expected {
            return Some(text.into_owned());
        }
    }
}

/// A port without a listener, reserved so that no other process gets it.
pub(crate) fn deaf_port() -> (Socket, u16) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    (socket, port)
}

/// An answer with a length, after which the connection may be kept.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Step {
    let length = body.len();
    send(format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    ))
}

/// A whole chat answer.
pub(crate) fn chat(text: &str) -> Step {
    let body = format!(
        r#"{{"choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}}}"#
    );
    answer("200 OK", "Content-Type: application/json\r\n", &body)
}

/// The head of a stream in chunks.
pub(crate) fn stream_head() -> Step {
    send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
}

/// The head of a stream that ends when the connection does.
pub(crate) fn stream_to_close() -> Step {
    send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
}

/// A chunk of a chunked body; an empty one ends it.
pub(crate) fn chunk(data: &str) -> Step {
    send(format!("{:x}\r\n{data}\r\n", data.len()))
}

/// The only chunk and the end of the body in one write: when the client has the
/// data, its connection is free for the next request.
pub(crate) fn only_chunk(data: &str) -> Step {
    send(format!("{:x}\r\n{data}\r\n0\r\n\r\n", data.len()))
}

/// An event with a delta in it.
pub(crate) fn delta(text: &str) -> String {
    let json = serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}],
        "usage": null,
    });
    format!("data: {json}\n\n")
}

/// The last events of a whole stream.
pub(crate) const STOP: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
pub(crate) const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";
pub(crate) const DONE: &str = "data: [DONE]\n\n";
