//! `GET /.well-known/jwks.json`: the public halves of what our tokens are signed with.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::auth::signing::Jwks;
use crate::error::Error;
use crate::state::AppState;
use crate::wire;

/// Anybody may keep it, for less long than a token lives.
const PUBLIC: &str = "public, max-age=300";

/// Lists the keys.
///
/// # Errors
///
/// None that the caller could cause.
pub async fn jwks(State(state): State<AppState>) -> Result<Response, Error> {
    let mut response = wire::plain(StatusCode::OK, &Jwks::of(&state.load().model))?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(PUBLIC));
    Ok(response)
}
