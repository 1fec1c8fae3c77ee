//! An answer that comes in pieces.
//!
//! **Invariant:** it reads from the socket only when it is polled, and it ends
//! without an error only if the answer was whole.
//!
//! Made by `client`.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use hyper::body::Bytes;

use crate::error::Error;
use crate::http::{Answer, Body, Cut};
use crate::message::ChatMessage;
use crate::notice::{Notice, Notify};
use crate::reply::{ChatResponse, CompletionResponse, Gathered};
use crate::sse::{LONGEST_LINE, Parser};
use crate::wire::{Chunk, Usage};

/// The replies of [`astream_chat`](crate::OpenAi::astream_chat).
///
/// Dropping it closes the connection, and the server stops. After an error it
/// ends; what had come is in [`message`](Self::message).
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct ChatStream {
    body: Body,
    format: Format,
    gathered: Gathered,
    /// What is given once the events that came before it are.
    ending: Option<Ending>,
    over: bool,
    request_id: Option<String>,
    notify: Notify,
}

/// What the body is written in. Its first character tells.
#[derive(Debug)]
enum Format {
    Unknown,
    Events(Box<Parser>),
    /// A server that does not stream sends the whole answer.
    Json(Vec<u8>),
}

/// Why no more bytes are read.
#[derive(Debug)]
enum Ending {
    /// The server said that it is done.
    Done,
    /// The body has ended, well or not.
    Body(Option<Cut>),
    /// What came is beyond understanding.
    Failed(Error),
}

impl ChatStream {
    pub(crate) fn new(answer: Answer, notify: Notify) -> Self {
        let request_id = answer.headers.get("x-request-id");
        let request_id = request_id.and_then(|id| id.to_str().ok());
        ChatStream {
            request_id: request_id.map(Into::into),
            body: answer.body,
            format: Format::Unknown,
            gathered: Gathered::new(),
            ending: None,
            over: false,
            notify,
        }
    }

    /// The next reply; `None` after the last.
    ///
    /// *Cancel safety:* dropping the await loses nothing.
    pub async fn next(&mut self) -> Option<Result<ChatResponse, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The next reply; `None` after the last.
    ///
    /// *Cancel safety:* dropping the await loses nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Error`]; above all [`Error::Truncated`].
    pub async fn try_next(&mut self) -> Result<Option<ChatResponse>, Error> {
        self.next().await.transpose()
    }

    /// Reads the rest, and gives the whole (LlamaIndex: `get_response`).
    ///
    /// # Errors
    ///
    /// As [`try_next`](Self::try_next).
    pub async fn get_response(&mut self) -> Result<ChatResponse, Error> {
        while self.try_next().await?.is_some() {}
        Ok(self.gathered.reply(self.gathered.message.content.clone()))
    }

    /// What has been given so far, an answer cut off too.
    pub fn message(&self) -> &ChatMessage {
        &self.gathered.message
    }

    /// The tokens that it took, once the server has told.
    pub fn usage(&self) -> Option<Usage> {
        self.gathered.usage
    }

    /// Why the model stopped, once it has.
    pub fn finish_reason(&self) -> Option<&str> {
        self.gathered.finish_reason.as_deref()
    }

    /// How many deltas have come.
    pub fn deltas(&self) -> usize {
        self.gathered.deltas
    }

    /// The server's number of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Takes bytes of the body.
    fn take(&mut self, data: &Bytes) -> Result<(), Error> {
        if matches!(self.format, Format::Unknown) {
            self.format = match data.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => return Ok(()), // line ends only: they mean nothing in either
                Some(b'{') => Format::Json(Vec::new()),
                Some(_) => Format::Events(Box::default()),
            };
        }
        match &mut self.format {
            Format::Unknown => Ok(()),
            Format::Events(parser) => {
                let fed = parser.feed(data);
                fed.map_err(|error| Error::Protocol(error.to_string()))
            }
            Format::Json(text) if text.len() + data.len() > LONGEST_LINE => {
                let text = format!("the answer is longer than {LONGEST_LINE} bytes");
                Err(Error::Protocol(text))
            }
            Format::Json(text) => {
                text.extend_from_slice(data);
                Ok(())
            }
        }
    }

    /// Returns the next reply in what has been taken. One at a time: a reply
    /// that the caller keeps makes the next one copy the text.
    fn next_reply(&mut self) -> Result<Option<ChatResponse>, Error> {
        while let Format::Events(parser) = &mut self.format {
            let Some(event) = parser.next_event() else {
                break;
            };
            let data = event.data.trim();
            if data.starts_with("[DONE]") {
                self.ending = Some(Ending::Done);
                break;
            }
            let chunk = match data {
                "" => Ok(Chunk::default()), // keeps the connection alive
                data => Chunk::read(data),
            };
            self.notify.tell(&Notice::Event(event.data));
            if let Some(reply) = self.gathered.add(chunk?)? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    /// What is given at the end.
    fn end(&mut self, ending: Ending) -> Option<Result<ChatResponse, Error>> {
        let cut = match ending {
            Ending::Done => return None,
            Ending::Failed(error) => return Some(Err(error)),
            Ending::Body(cut) => cut,
        };
        if let (Format::Json(text), None) = (&self.format, &cut) {
            let text = String::from_utf8_lossy(text);
            let reply = Chunk::read(&text).and_then(|chunk| self.gathered.add(chunk));
            return reply.transpose();
        }
        if self.gathered.finish_reason.is_some() {
            return None; // the answer is whole, whatever became of the rest
        }
        let source = match cut {
            Some(Cut::Late(error)) => return Some(Err(error)),
            Some(Cut::Broken(error)) => Some(error.into()),
            None => None,
        };
        let after = self.gathered.deltas;
        Some(Err(Error::Truncated { after, source }))
    }
}

impl Stream for ChatStream {
    type Item = Result<ChatResponse, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        loop {
            match this.next_reply() {
                Ok(None) => {}
                Ok(Some(reply)) => return Poll::Ready(Some(Ok(reply))),
                Err(error) => this.ending = Some(Ending::Failed(error)),
            }
            if let Some(ending) = this.ending.take() {
                this.over = true;
                this.body.finish(cx);
                let bytes = this.body.received();
                this.notify.tell(&Notice::End { bytes });
                return Poll::Ready(this.end(ending));
            }
            match ready!(this.body.poll_data(cx)) {
                Some(Ok(data)) => this.ending = this.take(&data).err().map(Ending::Failed),
                Some(Err(cut)) => this.ending = Some(Ending::Body(Some(cut))),
                None => this.ending = Some(Ending::Body(None)),
            }
        }
    }
}

/// The replies of [`astream_complete`](crate::OpenAi::astream_complete).
///
/// As [`ChatStream`], which is inside.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct CompletionStream {
    chat: ChatStream,
}

impl CompletionStream {
    pub(crate) fn new(chat: ChatStream) -> Self {
        CompletionStream { chat }
    }

    /// The next reply; `None` after the last.
    ///
    /// *Cancel safety:* dropping the await loses nothing.
    ///
    /// # Errors
    ///
    /// As [`ChatStream::try_next`].
    pub async fn try_next(&mut self) -> Result<Option<CompletionResponse>, Error> {
        Ok(self.chat.try_next().await?.map(Into::into))
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        self.chat.message().content()
    }

    /// The tokens that it took, once the server has told.
    pub fn usage(&self) -> Option<Usage> {
        self.chat.usage()
    }

    /// How many deltas have come.
    pub fn deltas(&self) -> usize {
        self.chat.deltas()
    }
}

impl Stream for CompletionStream {
    type Item = Result<CompletionResponse, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.get_mut().chat).poll_next(cx);
        next.map(|reply| reply.map(|reply| reply.map(Into::into)))
    }
}
