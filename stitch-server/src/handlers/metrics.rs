//! `GET /metrics`, on the management address.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::error::Error;
use crate::state::AppState;
use crate::telemetry::{CONTENT_TYPE, exposition};

/// Tells all that is counted, as Prometheus reads it.
///
/// # Errors
///
/// None that the caller could cause.
pub async fn metrics(State(state): State<AppState>) -> Result<Response, Error> {
    let text = exposition(&state).map_err(|_| Error::internal())?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))], text).into_response())
}
