//! Who may ask over OFREP: in dev mode anybody, in jwt mode whoever has an SDK key.

use axum::http::HeaderMap;

use super::Failure;
use crate::auth::{self, KeyHolder};
use crate::state::AppState;

/// Whoever holds the key that is presented. One that is not valid is refused in dev mode too; falling back to no key
/// would let a client believe that its key works.
pub(super) fn check(state: &AppState, headers: &HeaderMap) -> Result<Option<KeyHolder>, Failure> {
    Ok(auth::api_key(state, headers)?)
}
