//! An answer as server-sent events, one token at a time.
//!
//! Invariant: a token is made only when the connection asks for the next piece
//! of the body. So a slow client slows the model, and one that leaves stops it.
//! Called by `routes`.

use std::future::pending;
use std::io;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use executor::yield_now;
use futures::stream;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use send_wrapper::SendWrapper;

use crate::error::ApiError;
use crate::fault::Fault;
use crate::head::{Head, Kind};
use crate::model::{Answer, Part};
use crate::pace::Pace;
use crate::watch::Watch;

/// An answer that is being streamed.
pub(crate) struct Telling {
    pub(crate) head: Head,
    pub(crate) answer: Answer,
    pub(crate) pace: Pace,
    /// Tell when each piece of text was due, and not the text?
    pub(crate) stamps: bool,
    pub(crate) watch: Watch,
    /// The fault to come, and after how many tokens.
    pub(crate) fault: Option<(Fault, usize)>,
}

/// Which event is next.
#[derive(Clone, Copy)]
enum Stage {
    Opening,
    Tokens,
    Usage,
    Done,
    End,
}

/// The response whose body the events are.
pub(crate) fn respond(telling: Telling) -> Response {
    let events = stream::unfold(
        (telling, Stage::Opening),
        async |(mut telling, mut stage)| {
            let event = telling.next(&mut stage).await?;
            Some((event, (telling, stage)))
        },
    );
    let headers = [
        (CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
    ];
    // Its task never leaves this thread; axum cannot know that.
    (headers, Body::from_stream(SendWrapper::new(events))).into_response()
}

type Event = Option<io::Result<Bytes>>;

impl Telling {
    async fn next(&mut self, stage: &mut Stage) -> Event {
        match *stage {
            Stage::Opening => {
                self.pace.first().await;
                *stage = Stage::Tokens;
                match self.head.kind {
                    Kind::Chat => event(&self.head.opening()),
                    Kind::Text => self.token(stage).await,
                }
            }
            Stage::Tokens => self.token(stage).await,
            Stage::Usage => {
                *stage = Stage::Done;
                event(&self.head.usage(self.answer.usage()))
            }
            Stage::Done => {
                *stage = Stage::End;
                self.watch.finished();
                event("[DONE]")
            }
            Stage::End => None,
        }
    }

    async fn token(&mut self, stage: &mut Stage) -> Event {
        let made = self.answer.made();
        if let Some((fault, _)) = self.fault.take_if(|(_, after)| made >= *after) {
            return self.fail(fault, stage).await;
        }
        if made > 0 {
            self.pace.next().await;
        }
        let part = self.answer.next();
        self.watch.tokens(self.answer.made());
        match part {
            Some(Part::Text(_)) if self.stamps => {
                let stamp = self.pace.stamp();
                event(&self.head.part(Part::Text(stamp)))
            }
            Some(part) => event(&self.head.part(part)),
            None => {
                let usage = self.head.wants_usage;
                *stage = if usage { Stage::Usage } else { Stage::Done };
                event(&self.head.finish(self.answer.finish_reason()))
            }
        }
    }

    async fn fail(&mut self, fault: Fault, stage: &mut Stage) -> Event {
        self.watch.failed(fault);
        match fault {
            Fault::Stall => pending().await,
            Fault::End => {
                *stage = Stage::End;
                None
            }
            Fault::Corrupt => event(r#"{"id":"chatcmpl-"#),
            Fault::Error => {
                *stage = Stage::End;
                event(&ApiError::internal().json())
            }
            // The connection ends; how, is the listener's matter.
            _ => Some(Err(break_off().await)),
        }
    }
}

/// The error that ends a connection in mid-body. What was written before it
/// goes out first: hyper flushes when a body has nothing for it.
pub(crate) async fn break_off() -> io::Error {
    yield_now().await;
    io::Error::other("failed as asked")
}

fn event(data: &str) -> Event {
    Some(Ok(Bytes::from(format!("data: {data}\n\n"))))
}
