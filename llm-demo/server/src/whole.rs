//! An answer in one piece.
//!
//! Invariant: it takes as long as the streamed one would, and stops as soon
//! when its client leaves. Called by `routes`.

use std::future::pending;
use std::io;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream;
use hyper::header::CONTENT_TYPE;
use send_wrapper::SendWrapper;

use crate::error::ApiError;
use crate::fault::Fault;
use crate::stream::{Telling, break_off};

/// Makes the answer and gives the response.
pub(crate) async fn respond(mut telling: Telling) -> Result<Response, ApiError> {
    telling.pace.first().await;
    let mut parts = Vec::new();
    while let Some(part) = telling.answer.next() {
        parts.push(part);
        telling.watch.tokens(parts.len());
        telling.pace.next().await;
    }
    let answer = &telling.answer;
    let text = telling
        .head
        .whole(parts, answer.finish_reason(), answer.usage());
    let body = match telling.fault {
        None => {
            telling.watch.finished();
            Body::from(text)
        }
        Some((fault, _)) => {
            telling.watch.failed(fault);
            half(text, fault)?
        }
    };
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// The first half of a text, and then what the fault makes of the rest.
fn half(mut text: String, fault: Fault) -> Result<Body, ApiError> {
    let middle = (text.len() / 2..).find(|at| text.is_char_boundary(*at));
    text.truncate(middle.unwrap_or_default());
    let first = Ok::<_, io::Error>(Bytes::from(text.clone()));
    match fault {
        Fault::Error => Err(ApiError::internal()),
        Fault::Corrupt | Fault::End => Ok(Body::from(text)),
        _ => {
            let rest = stream::once(async move {
                if fault == Fault::Stall {
                    return pending().await;
                }
                Err(break_off().await)
            });
            let body = stream::iter([first]).chain(rest);
            Ok(Body::from_stream(SendWrapper::new(body)))
        }
    }
}
