//! What goes wrong, in OpenAI's words: a status and an error object.
//!
//! Invariant: every answer that is not a success has a body of this form, with
//! a sentence that says what to do. Called by all of `server`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use serde::Serialize;

/// An error as OpenAI's API tells it.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    object: Object,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Debug, Serialize)]
struct Object {
    message: String,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'static str>,
    code: Option<&'static str>,
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a Object,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        let object = Object {
            message: message.into(),
            kind,
            param: None,
            code: None,
        };
        ApiError {
            status,
            object,
            headers: Vec::new(),
        }
    }

    /// 400: the request makes no sense.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    /// 401: the key is not the one that the server was started with.
    pub(crate) fn wrong_key() -> Self {
        let message = "Incorrect API key provided. The server was started with --api-key; \
            send that key as `Authorization: Bearer KEY`.";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message)
            .code("invalid_api_key")
    }

    /// 404: no such model.
    pub(crate) fn no_model(name: &str) -> Self {
        let message = format!("The model `{name}` does not exist or you do not have access to it.");
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", message)
            .param("model")
            .code("model_not_found")
    }

    /// 404: no such address.
    pub(crate) fn no_route(method: &str, path: &str) -> Self {
        let message = format!(
            "Invalid URL ({method} {path}). The base URL ends with /v1; there are \
             chat/completions, completions, embeddings and models."
        );
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", message).code("unknown_url")
    }

    /// 405: the address is there, the method is not.
    pub(crate) fn no_method(method: &str, path: &str) -> Self {
        let message =
            format!("Not allowed to {method} on {path}. Use the other one of GET and POST.");
        let kind = "invalid_request_error";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, kind, message).code("method_not_supported")
    }

    /// 408: the request's body did not come.
    pub(crate) fn too_slow() -> Self {
        let message = "The request's body took too long to arrive.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", message)
    }

    /// 413: the request's body is too long.
    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("The request's body is longer than {limit} bytes.");
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request_error",
            message,
        )
    }

    /// 429, to be tried again in a second.
    pub(crate) fn rate_limited(model: &str) -> Self {
        let message =
            format!("Rate limit reached for {model}: every other request. Try again in 1s.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "requests", message)
            .code("rate_limit_exceeded")
            .header("retry-after", "1")
            .header("x-ratelimit-limit-requests", "1")
            .header("x-ratelimit-remaining-requests", "0")
            .header("x-ratelimit-reset-requests", "1s")
    }

    /// 503: the fault of that name.
    pub(crate) fn overloaded() -> Self {
        let message = "The server is overloaded or not ready yet (--fault 503).";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", message)
    }

    /// 500: the fault `error`, where there is no stream to put it in.
    pub(crate) fn internal() -> Self {
        let message = "The server had an error while processing your request (--fault error).";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", message)
    }

    /// Which field of the request it is about.
    pub(crate) fn param(mut self, name: &'static str) -> Self {
        self.object.param = Some(name);
        self
    }

    /// The error's short name.
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.object.code = Some(code);
        self
    }

    fn header(mut self, name: &'static str, value: &'static str) -> Self {
        let header = (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        self.headers.push(header);
        self
    }

    /// The body alone, as it stands in an event of a stream.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(&Body {
            error: &self.object,
        })
        .unwrap_or_default()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Json(Body {
            error: &self.object,
        });
        let mut response = (self.status, body).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}
