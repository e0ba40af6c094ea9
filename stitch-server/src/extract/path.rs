//! Parts of the path, decoded; what is no text names nothing.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::error::{Code, Error};
use crate::request::Known;

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
pub fn path(head: &Parts, known: &Known, name: &str) -> Result<String, Error> {
    let part = known.part(head.uri.path(), name);
    let part = part.and_then(|part| percent_decode_str(part).decode_utf8().ok());
    Ok(part.ok_or_else(|| Error::new(Code::NotFound, "there is nothing at this address"))?.into_owned())
}

macro_rules! part {
    ($part:ident, $name:literal) => {
        impl FromRequestParts<Known> for $part {
            type Rejection = Error;

            async fn from_request_parts(head: &mut Parts, known: &Known) -> Result<Self, Error> {
                path(head, known, $name).map(Self)
            }
        }
    };
}

part!(Key, "key");
part!(Env, "env");
part!(Id, "id");
part!(Email, "email");
