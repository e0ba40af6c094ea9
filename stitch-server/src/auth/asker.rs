//! Who asks below `/api/flags`: in dev mode anybody, in jwt mode whoever has a valid token.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::claims::Identity;
use super::{credential, missing, verify};
use crate::caller::{Caller, Permission};
use crate::config::Auth;
use crate::error::Error;
use crate::state::AppState;

/// Who asks.
#[derive(Clone, Debug)]
pub enum Asker {
    /// Anybody on this machine: the request says for whom.
    Anyone,
    /// Somebody with a token, who asks for themselves.
    Known {
        /// What they may do.
        caller: Caller,
        /// Who they are in an evaluation.
        identity: Identity,
    },
}

impl FromRequestParts<AppState> for Asker {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Error> {
        let known = match credential::bearer(&parts.headers)? {
            // Boxed: what most requests do without would make every request's future large.
            Some(token) => Some(Box::pin(verify(state, token)).await?),
            None => None,
        };
        match (state.settings().auth, known) {
            // A token authorises, in dev mode too; there it does not say for whom.
            (Auth::Dev, _) => Ok(Self::Anyone),
            (Auth::Jwt, Some(person)) => Ok(Self::Known { caller: person.caller, identity: person.identity }),
            (Auth::Jwt, None) => Err(missing("a token", "`Authorization: Bearer …`")),
        }
    }
}

impl Asker {
    /// Who they are, where a token says it.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Anyone => None,
            Self::Known { identity, .. } => Some(identity),
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
            Self::Known { caller, .. } => caller.require(Permission::FlagsRead, env),
        }
    }
}
