//! Parts of the path, decoded; what is no text names nothing.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::error::{Code, Error};
use crate::state::AppState;

/// The part of the path that names one thing: `{key}` in the map of addresses.
#[derive(Clone, Debug)]
pub struct Key(pub String);

/// The part of the path that names an environment: `{env}`.
#[derive(Clone, Debug)]
pub struct Env(pub String);

/// The part of the path that names one thing among those that have ids: `{id}`.
#[derive(Clone, Debug)]
pub struct Id(pub String);

/// The part of the path that names a user: `{email}`.
#[derive(Clone, Debug)]
pub struct Email(pub String);

/// The part of that name.
///
/// # Errors
///
/// `not_found` if it is not UTF-8.
pub async fn path(parts: &mut Parts, name: &str) -> Result<String, Error> {
    let nowhere = || Error::new(Code::NotFound, "there is nothing at this address");
    let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| nowhere())?;
    let found = params.iter().find(|(other, _)| *other == name).map(|(_, value)| value.to_owned());
    found.ok_or_else(nowhere)
}

macro_rules! part {
    ($part:ident, $name:literal) => {
        impl FromRequestParts<AppState> for $part {
            type Rejection = Error;

            async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Error> {
                path(parts, $name).await.map(Self)
            }
        }
    };
}

part!(Key, "key");
part!(Env, "env");
part!(Id, "id");
part!(Email, "email");
