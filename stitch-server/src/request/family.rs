//! The shape of a failure: each family of routes has its own.

use serde::Serialize;

use crate::error::{Code, Detail, Error};
use crate::ofrep;
use crate::wire::{self, Meta};

/// A failure for people and their tools, and for SDK clients.
#[derive(Serialize)]
struct Plain<'a> {
    error: &'a str,
    code: Code,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Detail]>::is_empty")]
    details: &'a [Detail],
}

/// The body of a failure of that path.
pub(super) fn failure(path: &str, meta: &Meta, error: Error) -> Vec<u8> {
    if path.starts_with(ofrep::PREFIX) {
        return ofrep::Failure::from(error).of_path(path).body();
    }
    if path.starts_with("/v1/") || path.starts_with("/.well-known/") {
        let Error { code, message, hint, details, .. } = &error;
        let plain = Plain { error: message, code: *code, hint: hint.as_deref(), details };
        return serde_json::to_vec(&plain).unwrap_or_default();
    }
    wire::failure(meta, &error)
}
