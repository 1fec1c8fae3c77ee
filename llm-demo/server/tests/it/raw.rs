//! HTTP by hand, so that a test sees every byte: one request, one connection.

use std::net::SocketAddr;
use std::time::Duration;

use executor::net::TcpStream;
use executor::timeout;
use futures::{AsyncReadExt, AsyncWriteExt};
use serde_json::Value;

/// Turns a hang into a failure; never waited for otherwise.
pub(crate) const TOO_LONG: Duration = Duration::from_secs(120);

/// A response, taken apart.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// As they came, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// Did the body end where its length or its last chunk says?
    pub(crate) whole: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The data of the events of a stream.
    pub(crate) fn events(&self) -> Vec<&str> {
        let events = self.body.split_terminator("\n\n");
        events
            .map(|event| event.strip_prefix("data: ").expect(event))
            .collect()
    }

    /// The events of a stream, as JSON, without `[DONE]`.
    pub(crate) fn chunks(&self) -> Vec<Value> {
        let events = self.events().into_iter().filter(|event| *event != "[DONE]");
        events
            .map(|event| serde_json::from_str(event).expect(event))
            .collect()
    }

    /// The text of a streamed chat.
    pub(crate) fn text(&self) -> String {
        let chunks = self.chunks();
        let deltas = chunks
            .iter()
            .map(|chunk| &chunk["choices"][0]["delta"]["content"]);
        deltas.filter_map(Value::as_str).collect()
    }
}

/// Sends a request and takes its answer apart.
pub(crate) async fn post(addr: SocketAddr, path: &str, body: &str) -> Reply {
    ask(addr, &request("POST", path, "", body)).await
}

/// Sends a POST request and returns the connection, its answer unread.
pub(crate) async fn begin(addr: SocketAddr, path: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = request("POST", path, "", body);
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

pub(crate) async fn get(addr: SocketAddr, path: &str) -> Reply {
    ask(addr, &request("GET", path, "", "")).await
}

/// A request after which the server closes the connection.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-length: {length}\r\n{headers}\r\n{body}"
    )
}

pub(crate) async fn ask(addr: SocketAddr, request: &str) -> Reply {
    let bytes = exchange(addr, request.as_bytes())
        .await
        .expect("the connection ends well");
    take_apart(&String::from_utf8(bytes).expect("text"))
}

/// Sends bytes and reads all that comes, to the end of the connection.
pub(crate) async fn exchange(addr: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let exchange = async {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(request).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(answer)
    };
    timeout(TOO_LONG, exchange).await.expect("an answer")
}

/// Reads until `found` stands in what came; gives all of it.
pub(crate) async fn read_until(stream: &mut TcpStream, found: &str) -> String {
    let reading = async {
        let mut text = String::new();
        let mut buffer = [0; 4096];
        while !text.contains(found) {
            let length = stream.read(&mut buffer).await.expect("more");
            assert_ne!(length, 0, "the connection ended after {text}");
            text.push_str(std::str::from_utf8(&buffer[..length]).expect("text"));
        }
        text
    };
    timeout(TOO_LONG, reading).await.expect("an answer")
}

#[track_caller]
pub(crate) fn take_apart(answer: &str) -> Reply {
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no head: {answer}"));
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_string()))
        .collect();
    let header = |wanted| {
        headers
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    let (body, whole) = match header("content-length") {
        Some(length) => (body.to_string(), length.parse() == Ok(body.len())),
        None if header("transfer-encoding") == Some("chunked") => unchunked(body),
        None => (body.to_string(), true),
    };
    Reply {
        status: status.and_then(|status| status.parse().ok()).expect(head),
        headers,
        body,
        whole,
    }
}

fn unchunked(mut body: &str) -> (String, bool) {
    let mut text = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).expect(length);
        if length == 0 {
            return (text, rest == "\r\n");
        }
        let Some(chunk) = rest.get(..length) else {
            break;
        };
        text.push_str(chunk);
        body = rest.get(length + 2..).unwrap_or("");
    }
    (text, false)
}
