//! SDK clients: whoever has a key of the environment that the path names.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::auth;
use crate::error::Error;
use crate::extract;
use crate::request::Known;

/// Whoever asks under `/v1/environments/{env}/` with a valid key of that environment.
#[derive(Clone, Debug)]
pub struct Client {
    /// The environment.
    pub env: String,
}

impl FromRequestParts<Known> for Client {
    type Rejection = Error;

    async fn from_request_parts(head: &mut Parts, known: &Known) -> Result<Self, Error> {
        let env = extract::path(head, known, "env")?;
        auth::sdk_key(known.state(), &head.headers, &env)?;
        Ok(Self { env })
    }
}
