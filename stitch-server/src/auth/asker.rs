//! Who asks below `/api/flags`: in dev mode anybody, in jwt mode whoever has a valid token.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::claims::Identity;
use super::{Person, credential, missing, verify};
use crate::caller::Permission;
use crate::config::Auth;
use crate::error::Error;
use crate::request::Known;
use crate::state::AppState;

/// Who asks.
#[derive(Clone, Debug)]
pub enum Asker {
    /// Anybody on this machine: the request says for whom.
    Anyone,
    /// Somebody with a token, who asks for themselves. Boxed, or they would make every request's future large.
    Known(Box<Person>),
}

impl FromRequestParts<Known> for Asker {
    type Rejection = Error;

    async fn from_request_parts(head: &mut Parts, known: &Known) -> Result<Self, Error> {
        let person = match credential::bearer(&head.headers)? {
            // Boxed too, for the same reason.
            Some(token) => Some(Box::pin(verify(known.state(), token)).await?),
            None => None,
        };
        match (known.state().settings().auth, person) {
            // A token authorises, in dev mode too; there it does not say for whom.
            (Auth::Dev, _) => Ok(Self::Anyone),
            (Auth::Jwt, Some(person)) => Ok(Self::Known(Box::new(person))),
            (Auth::Jwt, None) => Err(missing("a token", "`Authorization: Bearer …`")),
        }
    }
}

/// Whether whoever asks may know of all definitions, on a route that asks for no credential: in dev mode anybody, in jwt
/// mode whoever shows a token with `flags:read`.
///
/// # Errors
///
/// `unauthorized` with a credential that is not valid.
pub async fn may_read(state: &AppState, headers: &HeaderMap) -> Result<bool, Error> {
    if state.settings().auth == Auth::Dev {
        return Ok(true);
    }
    let Some(token) = credential::bearer(headers)? else { return Ok(false) };
    Ok(verify(state, token).await?.caller.may(Permission::FlagsRead, None))
}

impl Asker {
    /// Who they are, where a token says it.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Anyone => None,
            Self::Known(person) => Some(&person.identity),
        }
    }

    /// Refuses who may not read definitions: in jwt mode that is for those whom `flags:read` was given.
    ///
    /// # Errors
    ///
    /// `forbidden`.
    pub fn require_read(&self, env: Option<&str>) -> Result<(), Error> {
        match self {
            Self::Anyone => Ok(()),
            Self::Known(person) => person.caller.require(Permission::FlagsRead, env),
        }
    }
}
