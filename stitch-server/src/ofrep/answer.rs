//! How answers look over OFREP.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;
use stitch_core::{Evaluation, Reason, Value};

use super::failure::Failed;
use super::reason::{ErrorCode, told};
use crate::openapi::schemas;

/// One flag.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "OfrepFlag")]
pub(crate) enum Flag<'a> {
    Served(Served<'a>),
    Failed(Failed<'a>),
}

/// A flag with a value.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OfrepServed", deny_unknown_fields)]
pub(crate) struct Served<'a> {
    key: &'a str,
    /// Left out rather than null: to a client, nothing means its own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schemas::FlagValue>")]
    value: Option<Value<'a>>,
    reason: &'static str,
    /// Empty where the contract has none, which no variant's name is: without it the Python client throws the answer
    /// away and serves the caller's default.
    variant: &'a str,
    metadata: Metadata<'a>,
}

/// The contract's own words.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(rename = "OfrepMetadata", deny_unknown_fields)]
pub(crate) struct Metadata<'a> {
    #[schemars(with = "schemas::Why")]
    reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dependency: Option<&'a str>,
}

impl<'a> Flag<'a> {
    /// Of what the core answers; `named` says whether the context has a targeting key or a `user_id`.
    pub(super) fn of(evaluation: &Evaluation<'a>, named: bool) -> Self {
        let Evaluation { flag_key: key, reason, rule_id, dependency, .. } = *evaluation;
        let metadata = Metadata { reason, rule_id, dependency };
        match told(reason, rule_id.is_some(), named) {
            Ok(reason) => {
                let variant = evaluation.variant_key.unwrap_or_default();
                Self::Served(Served { key, value: evaluation.value, reason, variant, metadata })
            }
            Err(code) => {
                Self::Failed(Failed { key: Some(key), code, details: sentence(code), metadata: Some(metadata) })
            }
        }
    }
}

fn sentence(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::FlagNotFound => "the registry has no flag of this key",
        ErrorCode::ParseError => "the definition of this flag, or of what it refers to, has an error",
        ErrorCode::TargetingKeyMissing => "this flag has nothing to bucket by: give the context a `targetingKey`",
        ErrorCode::InvalidContext | ErrorCode::General => "this flag cannot be evaluated",
    }
}

/// All flags.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OfrepFlags", deny_unknown_fields)]
pub(crate) struct Bulk<'a> {
    pub(super) flags: Vec<Flag<'a>>,
    #[serde(rename = "eventStreams")]
    pub(super) event_streams: [EventStream; 1],
}

/// Where the client hears that it should ask again.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OfrepEventStream", deny_unknown_fields)]
pub(crate) struct EventStream {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) endpoint: Endpoint,
}

/// Without an origin, which a server cannot know: it is that by which the client asked.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OfrepEndpoint", deny_unknown_fields)]
pub(crate) struct Endpoint {
    #[serde(rename = "requestUri")]
    pub(super) request_uri: Cow<'static, str>,
}
