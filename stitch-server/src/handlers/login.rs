//! `POST /v1/auth/login`: a token for whoever knows a password.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::auth::address::Address;
use crate::auth::{login, passwords, users};
use crate::error::{Detail, Error, Place};
use crate::extract::{self, Call};
use crate::instant;
use crate::openapi::schemas;
use crate::state::AppState;
use crate::wire;

/// Who logs in.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Login", deny_unknown_fields)]
pub(crate) struct Asked {
    #[schemars(with = "schemas::Address")]
    email: String,
    #[schemars(length(max = passwords::LONGEST))]
    password: String,
}

/// A token, and when it expires.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Token", deny_unknown_fields)]
pub(crate) struct Given {
    token: String,
    #[schemars(extend("format" = "date-time"))]
    expires_at: String,
}

/// Logs in.
///
/// # Errors
///
/// `unauthorized`, in the same words whether the account exists or not; `rate_limited` after too many of them.
pub async fn login(State(state): State<AppState>, Address(from): Address, call: Call) -> Result<Response, Error> {
    let Asked { email, password } = extract::typed(&call.headers, &call.body, &["email", "password"])?;
    let email = users::email(&email)?;
    if password.len() > passwords::LONGEST {
        let detail = Detail::new(Place::Pointer("/password".to_owned()), "is longer than any password here");
        return Err(Error::invalid("the password is refused").details([detail]));
    }
    let (token, expires_at) = login::login(&state, from, &email, password).await?;
    wire::plain(StatusCode::OK, &Given { token, expires_at: instant::text(expires_at * 1_000) })
}
