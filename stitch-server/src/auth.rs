//! Who asks: people and their tools by a token, SDK clients by a key.
//!
//! | module | what |
//! |---|---|
//! | `credential` | what a request presents; each route takes one kind |
//! | [`tokens`], [`claims`] | our own tokens; what any token says of somebody |
//! | [`signing`], `crypto` | what our tokens are signed with, and by which library |
//! | [`sdk_keys`] | keys of SDK clients |
//!
//! A handler that takes [`Bearer`], or calls [`sdk_key`], runs for nobody who has no valid credential.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::state::AppState;
use claims::Identity;
use credential::Kind;

pub mod claims;
mod credential;
mod crypto;
pub mod sdk_keys;
pub mod signing;
pub mod tokens;

pub use sdk_keys::KeyHolder;

/// Whoever presents a valid token.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who they are to this server, and what they may do.
    pub caller: Caller,
    /// Who they are in an evaluation.
    pub identity: Identity,
}

/// The caller of a route for people and their tools: `Authorization: Bearer` with a token.
#[derive(Clone, Debug)]
pub struct Bearer(pub Caller);

impl FromRequestParts<AppState> for Bearer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Error> {
        Ok(Self(person(state, &parts.headers).await?.caller))
    }
}

/// Whoever presents the token of a request.
///
/// # Errors
///
/// `unauthorized` without one, or with one that is not valid.
pub async fn person(state: &AppState, headers: &HeaderMap) -> Result<Person, Error> {
    let token = credential::bearer(headers)?.ok_or_else(|| missing("a token", "`Authorization: Bearer …`"))?;
    verify(state, token)
}

fn verify(state: &AppState, token: &str) -> Result<Person, Error> {
    tokens::verify(&state.load().model, token)
}

/// The holder of the key in `x-sdk-key`, which must be one of that environment.
///
/// # Errors
///
/// `unauthorized` without one, or with one that is unknown or revoked; `forbidden` with one of another environment.
pub fn sdk_key(state: &AppState, headers: &HeaderMap, env: &str) -> Result<KeyHolder, Error> {
    let key = credential::only(headers, &[Kind::SdkKey])?;
    let key = key.ok_or_else(|| missing("an SDK key", "`x-sdk-key`"))?;
    let holder = sdk_keys::holder(&state.load().model, key)?;
    if holder.env == env {
        return Ok(holder);
    }
    Err(Error::new(Code::Forbidden, "this key is for another environment")
        .hint("ask for the environment that the key was made for, or make one for this"))
}

fn missing(what: &str, how: &str) -> Error {
    Error::new(Code::Unauthorized, format!("there is no credential: this asks for {what}"))
        .hint(format!("send it as {how}"))
}
