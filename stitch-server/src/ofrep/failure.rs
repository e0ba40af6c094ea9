//! What goes wrong, in the form that OFREP clients read: `key`, `errorCode`, `errorDetails`.

use std::fmt::Write;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::Metadata;
use super::reason::ErrorCode;
use crate::error::{Code, Error, Place};
use crate::wire;

/// A failure. No value of the request is in it but the flag's key, which the protocol asks for.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    code: ErrorCode,
    details: String,
    key: Option<String>,
    retry_after: Option<u16>,
}

/// Its body, and that of a flag that fails among others.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OfrepFailure", deny_unknown_fields)]
pub(crate) struct Failed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<&'a str>,
    #[serde(rename = "errorCode")]
    pub(super) code: ErrorCode,
    /// Always there: the Python client takes a failure without it for another one.
    #[serde(rename = "errorDetails")]
    pub(super) details: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metadata: Option<Metadata<'a>>,
}

impl Failure {
    /// The context is refused.
    pub(super) fn context(details: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: ErrorCode::InvalidContext, details, key: None, retry_after: None }
    }

    /// Says which flag was asked for.
    #[must_use]
    pub(super) fn of_flag(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// Says of which flag, where the path names one.
    #[must_use]
    pub(crate) fn of_path(self, path: &str) -> Self {
        match path.strip_prefix(super::FLAG) {
            Some(key) => Self { key: Some(percent_decode_str(key).decode_utf8_lossy().into_owned()), ..self },
            None => self,
        }
    }

    /// Says after how many seconds to try again.
    #[must_use]
    pub(super) fn retry_after(self, seconds: u16) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The body.
    pub(crate) fn body(&self) -> Vec<u8> {
        let failed = Failed { key: self.key.as_deref(), code: self.code, details: &self.details, metadata: None };
        serde_json::to_vec(&failed).unwrap_or_default()
    }
}

/// The status that goes with the code of a flag's failure.
pub(super) fn status(code: ErrorCode) -> StatusCode {
    if code == ErrorCode::FlagNotFound { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST }
}

/// Failures that are not of this protocol alone: a body that cannot be read, a request that may not be here.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = if error.code == Code::InvalidRequest { ErrorCode::ParseError } else { ErrorCode::General };
        let mut details = error.message.into_owned();
        for (index, detail) in error.details.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            let place = match &detail.place {
                Place::Pointer(pointer) => pointer.as_str(),
                Place::Header(name) | Place::Query(name) => name,
            };
            let between = if place.is_empty() { "" } else { " " };
            let _ = write!(details, "{separator}{place}{between}{}", detail.message);
        }
        if let Some(hint) = error.hint {
            let _ = write!(details, " ({hint})");
        }
        Self { status: error.code.status(), code, details, key: None, retry_after: error.retry_after }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = wire::json(self.body(), wire::ABOUT_A_PERSON);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
