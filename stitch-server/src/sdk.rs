//! SDK clients: a key of the environment that the path names, and not more often than a key may ask.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::auth::{self, KeyHolder};
use crate::error::{Code, Error};
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
        let holder = auth::sdk_key(state, &parts.headers, &env)?;
        admit(state, &holder)?;
        Ok(Self { env })
    }
}

/// Counts a request of a key.
///
/// # Errors
///
/// `rate_limited` if there were too many.
pub fn admit(state: &AppState, holder: &KeyHolder) -> Result<(), Error> {
    state.sdk_limit().take(&holder.id).map_err(|wait| {
        // Whole seconds, so that nobody comes back too early.
        let seconds = u16::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u16::MAX);
        Error::new(Code::RateLimited, "this key asks too often")
            .hint("report events and ask for flags many at once, or start the server with `--sdk-rate-limit`")
            .retry_after(seconds)
    })
}
