//! What went wrong, by family and status: the codes that go with a status are those of the table in [`crate::error`].

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{Document, parts};
use crate::error::Code;
use crate::ofrep::{ErrorCode, Failed};
use crate::request::{Family, Plain};
use crate::wire;

impl Family {
    /// What the document groups operations by.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Enveloped => "api",
            Self::Plain => "v1",
            Self::Ofrep => "ofrep",
        }
    }

    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Enveloped => "For services inside the trust boundary, operators, the pages.",
            Self::Plain => "For SDK clients by key, and for people and their tools by token.",
            Self::Ofrep => "OpenFeature's remote evaluation protocol, for any of its clients.",
        }
    }

    /// The name of the failure of that status among the components.
    pub(super) fn response(self, status: u16) -> String {
        format!("{}.{status}", self.tag())
    }

    /// A success with these data.
    pub(super) fn success(self, document: &mut Document, data: &Schema) -> Value {
        match self {
            Self::Enveloped => {
                let service = document.written::<super::schemas::Service>();
                json!({
                    "type": "object",
                    "required": ["ok", "data", "error", "service"],
                    "properties": {"ok": {"const": true}, "data": data, "error": {"type": "null"}, "service": service},
                    "additionalProperties": false,
                })
            }
            Self::Plain | Self::Ofrep => data.clone().to_value(),
        }
    }

    /// A failure with one of these codes.
    fn failure(self, document: &mut Document, codes: &[Code]) -> Value {
        match self {
            Self::Enveloped => {
                let error = with(&document.written::<wire::Failure<'_>>(), "code", &json!(codes));
                let service = document.written::<super::schemas::Service>();
                json!({
                    "type": "object",
                    "required": ["ok", "data", "error", "service"],
                    "properties": {"ok": {"const": false}, "data": {"type": "null"}, "error": error, "service": service},
                    "additionalProperties": false,
                })
            }
            Self::Plain => with(&document.written::<Plain<'_>>(), "code", &json!(codes)),
            Self::Ofrep => {
                let codes: &[ErrorCode] = match codes {
                    [Code::InvalidRequest] => {
                        &[ErrorCode::ParseError, ErrorCode::InvalidContext, ErrorCode::TargetingKeyMissing]
                    }
                    codes if codes.contains(&Code::FlagNotFound) => &[ErrorCode::FlagNotFound, ErrorCode::General],
                    _ => &[ErrorCode::General],
                };
                with(&document.written::<Failed<'_>>(), "errorCode", &json!(codes))
            }
        }
    }
}

/// That schema, with these words alone for a member.
fn with(schema: &Schema, member: &str, words: &Value) -> Value {
    json!({"allOf": [schema, {"properties": {member: {"enum": words}}}]})
}

/// Every failure of every family.
pub(super) fn responses(document: &mut Document) -> Map<String, Value> {
    let mut statuses: Vec<u16> = Code::ALL.iter().map(|code| code.status().as_u16()).collect();
    statuses.dedup();
    let mut responses = Map::new();
    for family in Family::ALL {
        for &status in &statuses {
            let codes: Vec<Code> = Code::ALL.iter().copied().filter(|code| code.status() == status).collect();
            let about: Vec<&str> = codes.iter().map(|code| code.about()).collect();
            let schema = family.failure(document, &codes);
            let more = match status {
                401 => Some(("WWW-Authenticate", parts::header("WWW-Authenticate"))),
                429 | 503 => Some(("Retry-After", parts::retry_after(status == 429))),
                _ => None,
            };
            let headers = ["X-Request-Id", "Cache-Control"].map(|name| (name, parts::header(name)));
            let headers: Map<String, Value> =
                headers.into_iter().chain(more).map(|(name, header)| (name.to_owned(), header)).collect();
            responses.insert(
                family.response(status),
                json!({
                    "description": about.join(" Or: "),
                    "headers": headers,
                    "content": {"application/json": {"schema": schema}},
                }),
            );
        }
    }
    responses
}

impl JsonSchema for Code {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"description": "What went wrong, for programs.", "enum": Self::ALL})
    }
}
