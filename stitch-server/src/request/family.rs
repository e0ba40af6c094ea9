//! The families of routes: each has its own shape of a failure.

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{Code, Detail, Error};
use crate::ofrep;
use crate::wire::{self, Meta};

/// A family of routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// For services inside the trust boundary, operators, the pages: answers in an envelope.
    Enveloped,
    /// For SDK clients, and for people and their tools.
    Plain,
    /// For any client of OFREP.
    Ofrep,
}

impl Family {
    pub(crate) const ALL: [Self; 3] = [Self::Enveloped, Self::Plain, Self::Ofrep];

    /// That of a path.
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with(ofrep::PREFIX) {
            Self::Ofrep
        } else if path.starts_with("/v1/") || path.starts_with("/.well-known/") {
            Self::Plain
        } else {
            Self::Enveloped
        }
    }
}

/// A failure for people and their tools, and for SDK clients.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Failure", deny_unknown_fields)]
pub(crate) struct Plain<'a> {
    /// A sentence.
    error: &'a str,
    code: Code,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    /// Each thing that is wrong.
    #[serde(skip_serializing_if = "<[Detail]>::is_empty")]
    details: &'a [Detail],
}

/// The body of a failure of that path.
pub(super) fn failure(path: &str, meta: &Meta, error: Error) -> Vec<u8> {
    match Family::of(path) {
        Family::Enveloped => wire::failure(meta, &error),
        Family::Plain => {
            let Error { code, message, hint, details, .. } = &error;
            let plain = Plain { error: message, code: *code, hint: hint.as_deref(), details };
            serde_json::to_vec(&plain).unwrap_or_default()
        }
        Family::Ofrep => ofrep::Failure::from(error).of_path(path).body(),
    }
}
