//! `GET /.well-known/jwks.json`: the public halves of what our tokens are signed with.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::auth::signing::{self, Jwks};
use crate::error::Error;
use crate::instant::of_the_clock;
use crate::state::AppState;
use crate::wire;

/// Lists the keys.
///
/// # Errors
///
/// None that the caller could cause.
pub async fn jwks(State(state): State<AppState>) -> Result<Response, Error> {
    let mut response = wire::plain(StatusCode::OK, &Jwks::of(&state.load().model, of_the_clock()))?;
    // Until the key after the last one here may sign.
    let public = format!("public, max-age={}", signing::LEAD / 1_000);
    let public = HeaderValue::try_from(public).map_err(|_| Error::internal())?;
    response.headers_mut().insert(header::CACHE_CONTROL, public);
    Ok(response)
}
