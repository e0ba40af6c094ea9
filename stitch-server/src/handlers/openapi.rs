//! `GET /openapi.json`: what this server can be asked, and what it answers.

use axum::extract::State;
use axum::response::Response;

use crate::openapi;
use crate::state::AppState;
use crate::wire;

/// Anybody may keep it for a while: another version says something else.
const PUBLIC: &str = "public, max-age=300";

/// Tells the document.
pub async fn openapi(State(state): State<AppState>) -> Response {
    wire::json(openapi::document(state.settings().auth), PUBLIC)
}
