//! The addresses of the API, and what each does.
//!
//! Invariant: every answer is OpenAI's: the objects of `wire`, or the error
//! object of `error`. Called by `connection`, once a request.

use std::future::pending;
use std::rc::Rc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use executor::to_thread;
use hyper::header::CONNECTION;
use hyper::{Method, StatusCode, Uri};
use send_wrapper::SendWrapper;

use crate::body::read;
use crate::embed::{DIMENSIONS, embed};
use crate::error::ApiError;
use crate::fault::Fault;
use crate::head::{Head, Kind};
use crate::model::{self, WHAT_IT_IS};
use crate::request::{Completion, Embeddings};
use crate::shared::{Shared, unix_time};
use crate::stream::{self, Telling};
use crate::watch::{RequestInfo, Watch};
use crate::whole;
use crate::wire::{Embedding, List, Model, PromptUsage, Vector};

/// axum wants `Send` of states, extensions and handlers: each is wrapped, and
/// the wrapper checks the thread.
pub(crate) type App = SendWrapper<Rc<Shared>>;
pub(crate) type Info = SendWrapper<RequestInfo>;

/// The addresses.
pub(crate) fn router(shared: Rc<Shared>) -> Router {
    Router::new()
        .route("/", get(about))
        .route("/v1/chat/completions", post(chat))
        .route("/v1/completions", post(completions))
        .route("/v1/embeddings", post(embeddings))
        .route("/v1/models", get(models))
        .route("/v1/models/{*name}", get(model))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .with_state(SendWrapper::new(shared))
}

type Answered = Result<Response, ApiError>;

async fn about() -> String {
    format!("{WHAT_IT_IS}\nThe API is at /v1.\n")
}

async fn chat(
    State(app): State<App>,
    Extension(info): Extension<Info>,
    request: Request,
) -> Answered {
    SendWrapper::new(generate(app, info, request, Kind::Chat)).await
}

async fn completions(
    State(app): State<App>,
    Extension(info): Extension<Info>,
    request: Request,
) -> Answered {
    SendWrapper::new(generate(app, info, request, Kind::Text)).await
}

async fn generate(app: App, info: Info, request: Request, kind: Kind) -> Answered {
    let body: Completion = read_body(&app, request).await?;
    accept_model(&app, body.model()?)?;
    body.check()?;
    let answer = match kind {
        Kind::Chat => app.models.chat(&body).await?,
        Kind::Text => app.models.complete(&body).await?,
    };
    let fault = app.fault();
    if let Some(failed) = fail_at_once(fault).await {
        return failed;
    }
    let prefix = if kind == Kind::Chat {
        "chatcmpl"
    } else {
        "cmpl"
    };
    let telling = Telling {
        head: Head {
            kind,
            id: format!("{prefix}-{}", info.id.replace("req_", "")),
            created: unix_time(),
            model: body.model()?.to_string(),
            wants_usage: body.wants_usage(),
        },
        answer,
        pace: app.pace(app.models.rng("pace", &body)),
        stamps: app.settings.stamps,
        watch: Watch::new(Rc::clone(&app), RequestInfo::clone(&info)),
        fault: fault.map(|fault| (fault, app.settings.fault_after)),
    };
    if body.stream.unwrap_or(false) {
        return Ok(stream::respond(telling));
    }
    whole::respond(telling).await
}

async fn embeddings(State(app): State<App>, request: Request) -> Answered {
    SendWrapper::new(async {
        let body: Embeddings = read_body(&app, request).await?;
        let name = body.model()?.to_string();
        accept_model(&app, &name)?;
        let (texts, base64) = (body.texts()?, body.base64()?);
        let long = texts.iter().map(String::len).sum::<usize>() >= model::LONG;
        let dimensions = body.dimensions.unwrap_or(DIMENSIONS);
        if !(1..=4096).contains(&dimensions) {
            let text = "Invalid 'dimensions': there may be 1 to 4096.";
            return Err(ApiError::bad_request(text).param("dimensions"));
        }
        if let Some(failed) = fail_at_once(app.fault()).await {
            return failed;
        }
        let make = move || embedded(&texts, dimensions, base64, name);
        let list = if long { to_thread(make).await } else { make() };
        Ok(Json(list).into_response())
    })
    .await
}

fn embedded(texts: &[String], dimensions: usize, base64: bool, model: String) -> List<Embedding> {
    let tokens = texts
        .iter()
        .map(|text| text.split_whitespace().count())
        .sum();
    let one = |(index, text): (usize, &String)| Embedding {
        object: "embedding",
        index,
        embedding: spelled(embed(text, dimensions), base64),
    };
    List {
        object: "list",
        data: texts.iter().enumerate().map(one).collect(),
        model: Some(model),
        usage: Some(PromptUsage {
            prompt_tokens: tokens,
            total_tokens: tokens,
        }),
    }
}

fn spelled(vector: Vec<f32>, base64: bool) -> Vector {
    if !base64 {
        return Vector::Floats(vector);
    }
    let bytes: Vec<u8> = vector.into_iter().flat_map(f32::to_le_bytes).collect();
    Vector::Base64(BASE64_STANDARD.encode(bytes))
}

async fn models(State(app): State<App>) -> Json<List<Model>> {
    Json(List {
        object: "list",
        data: model::listed(app.created).to_vec(),
        model: None,
        usage: None,
    })
}

async fn model(State(app): State<App>, Path(name): Path<String>) -> Answered {
    if name == "missing" {
        return Err(ApiError::no_model(&name));
    }
    Ok(Json(model::any(&name, app.created)).into_response())
}

async fn no_route(method: Method, uri: Uri) -> ApiError {
    ApiError::no_route(method.as_str(), uri.path())
}

async fn no_method(method: Method, uri: Uri) -> ApiError {
    ApiError::no_method(method.as_str(), uri.path())
}

async fn read_body<T: serde::de::DeserializeOwned>(
    app: &Shared,
    request: Request,
) -> Result<T, ApiError> {
    read(
        request.into_body(),
        app.settings.max_body,
        app.settings.patience,
    )
    .await
}

/// Two names mean something; all others are taken.
fn accept_model(app: &Shared, name: &str) -> Result<(), ApiError> {
    match name {
        "missing" => Err(ApiError::no_model(name)),
        "rate-limited" if app.one_too_many() => Err(ApiError::rate_limited(name)),
        _ => Ok(()),
    }
}

/// The faults that come before there is any answer.
async fn fail_at_once(fault: Option<Fault>) -> Option<Answered> {
    match fault? {
        Fault::Unavailable => Some(Err(ApiError::overloaded())),
        Fault::PlainText => {
            let text = "Internal Server Error\n";
            Some(Ok((StatusCode::INTERNAL_SERVER_ERROR, text).into_response()))
        }
        Fault::Silent => pending().await,
        _ => None,
    }
}

/// A response after which the connection is closed.
pub(crate) fn and_close(error: ApiError) -> Response {
    ([(CONNECTION, "close")], error).into_response()
}
