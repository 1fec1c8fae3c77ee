//! Reading a request's body: not too long, not too slowly, and as JSON.
//!
//! Invariant: no more than the limit is ever held. Called by `routes`.

use std::time::Duration;

use axum::body::Body;
use executor::timeout;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// Reads the body and parses it.
pub(crate) async fn read<T: DeserializeOwned>(
    body: Body,
    limit: usize,
    patience: Duration,
) -> Result<T, ApiError> {
    let collected = timeout(patience, Limited::new(body, limit).collect()).await;
    let bytes = match collected.map_err(|_| ApiError::too_slow())? {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(ApiError::too_large(limit)),
        Err(error) => {
            let text = format!("The request's body did not arrive whole: {error}.");
            return Err(ApiError::bad_request(text));
        }
    };
    serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::bad_request(format!(
            "We could not parse the JSON body of your request: {error}."
        ))
    })
}
