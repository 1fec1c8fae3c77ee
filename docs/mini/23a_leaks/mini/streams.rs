//! Lines from bytes, and the events of a model's answer from lines.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::net::TcpStream;

/// The lines that come from a socket, without their ends.
pub struct Lines<'a> {
    stream: &'a TcpStream,
    /// Bytes that have come, and are not a whole line yet.
    rest: Vec<u8>,
    at_end: bool,
}

impl<'a> Lines<'a> {
    pub fn new(stream: &'a TcpStream) -> Self {
        Lines {
            stream,
            rest: Vec::new(),
            at_end: false,
        }
    }

    /// Takes a whole line. Only whole lines become text: a character may be cut
    /// in two by a read, never by a line.
    fn take_line(&mut self) -> Option<io::Result<String>> {
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let mut line: Vec<u8> = match end {
            Some(end) => self.rest.drain(..=end).collect(),
            None if self.at_end && !self.rest.is_empty() => self.rest.drain(..).collect(),
            None => return None,
        };
        while line
            .last()
            .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
        {
            line.pop();
        }
        let text = String::from_utf8(line);
        Some(text.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)))
    }
}

impl Stream for Lines<'_> {
    type Item = io::Result<String>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(line) = self.take_line() {
                return Poll::Ready(Some(line));
            }
            if self.at_end {
                return Poll::Ready(None);
            }
            let mut buffer = [0; 4096];
            match self.stream.poll_read(cx, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Ok(0)) => self.at_end = true,
                Poll::Ready(Ok(n)) => self.rest.extend_from_slice(&buffer[..n]),
            }
        }
    }
}

/// The next item of a stream; `None` at its end.
pub async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// The data of a line of an event stream, if it has some.
pub fn data(line: &str) -> Option<&str> {
    let data = line.strip_prefix("data:")?;
    Some(data.strip_prefix(' ').unwrap_or(data))
}
