//! SDK clients: whoever has a key of the environment that the path names.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::auth;
use crate::error::Error;
use crate::extract;
use crate::state::AppState;

/// Whoever asks under `/v1/environments/{env}/` with a valid key of that environment.
#[derive(Clone, Debug)]
pub struct Client {
    /// The environment.
    pub env: String,
}

impl FromRequestParts<AppState> for Client {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Error> {
        let env = extract::path(parts, "env").await?;
        auth::sdk_key(state, &parts.headers, &env)?;
        Ok(Self { env })
    }
}
