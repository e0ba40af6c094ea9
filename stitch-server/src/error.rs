//! What goes wrong, and the one table of codes and statuses of the whole service contract.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use stitch_core::{ContextError, Diagnostic, Severity};

use crate::extract::AuthSource;
use crate::source::Refused;

macro_rules! codes {
    ($($variant:ident $name:literal $status:ident: $about:literal,)+) => {
        /// The code of a failure; programs read this one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $about] $variant,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as answers write it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What it means.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => $about,)+
                }
            }

            /// The status that goes with it.
            pub fn status(self) -> StatusCode {
                match self {
                    $(Self::$variant => StatusCode::$status,)+
                }
            }
        }
    };
}

codes! {
    InvalidRequest "invalid_request" BAD_REQUEST: "The request says something that it may not say, or not enough.",
    Unauthorized "unauthorized" UNAUTHORIZED: "A credential is missing, or is not valid.",
    Forbidden "forbidden" FORBIDDEN: "Not for this caller, or not this way.",
    FlagNotFound "flag_not_found" NOT_FOUND: "The registry has no such flag.",
    NotFound "not_found" NOT_FOUND: "There is nothing at this address.",
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED: "The address has no such method.",
    Conflict "conflict" CONFLICT: "Somebody else was faster, or something else stands in the way.",
    PayloadTooLarge "payload_too_large" PAYLOAD_TOO_LARGE: "The body is over the limit.",
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE: "The body is of another type than is read here.",
    ScopeNotAllowed "scope_not_allowed" UNPROCESSABLE_ENTITY: "The flag forbids overrides at this scope.",
    ApprovalRequired "approval_required" UNPROCESSABLE_ENTITY: "The change needs an approval that it does not have.",
    RateLimited "rate_limited" TOO_MANY_REQUESTS: "Too many of these in too short a time.",
    InternalError "internal_error" INTERNAL_SERVER_ERROR: "A mistake of the server.",
    NotReady "not_ready" SERVICE_UNAVAILABLE: "Something that this needs is away.",
}

impl Code {
    /// Whether somebody was not allowed to: the audit log has it.
    pub fn is_denial(self) -> bool {
        matches!(self, Self::Unauthorized | Self::Forbidden | Self::ScopeNotAllowed | Self::ApprovalRequired)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How many details an answer names; a body can have more mistakes than anyone reads.
pub const DETAILS: usize = 20;

/// Where in a request something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the body: a JSON Pointer.
    Pointer(String),
    /// In a header.
    Header(&'static str),
    /// In a parameter of the query.
    Query(&'static str),
}

/// One thing that is wrong. No value of the request is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Detail {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What, and how to mend it.
    pub message: String,
    /// The line, where the body is no sound JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The byte within the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

impl Detail {
    /// Something that is wrong at that place.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), line: None, column: None }
    }
}

/// A failure: the only one that handlers, extractors and layers give. No value of the request is in it.
#[derive(Clone, Debug)]
pub struct Error {
    /// What it is, for programs.
    pub code: Code,
    /// What it is, for people.
    pub message: Cow<'static, str>,
    /// How to mend it.
    pub hint: Option<Cow<'static, str>>,
    /// Each thing that is wrong, at most [`DETAILS`].
    pub details: Vec<Detail>,
    /// Where the user id came from, if that was known already.
    pub auth_source: AuthSource,
    /// After how many seconds it makes sense to try again.
    pub retry_after: Option<u16>,
}

impl Error {
    /// A failure of that code.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { code, message, hint: None, details: Vec::new(), auth_source: AuthSource::None, retry_after: None }
    }

    /// The request is at fault.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidRequest, message)
    }

    /// The server is at fault.
    pub fn internal() -> Self {
        Self::new(Code::InternalError, "the server made a mistake; its log has more under this request id")
    }

    /// Says how to mend it.
    #[must_use]
    pub fn hint(self, hint: impl Into<Cow<'static, str>>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Says what is wrong one by one; those beyond [`DETAILS`] are left out.
    #[must_use]
    pub fn details(mut self, details: impl IntoIterator<Item = Detail>) -> Self {
        let free = DETAILS.saturating_sub(self.details.len());
        self.details.extend(details.into_iter().take(free));
        self
    }

    /// Says where the user id came from.
    #[must_use]
    pub fn auth_source(self, auth_source: AuthSource) -> Self {
        Self { auth_source, ..self }
    }

    /// Says after how many seconds to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u16) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// Definitions that the core refuses. What lies within what the caller sent, which stands at `body` in the registry
    /// document, points into that; the rest points into the document as it would be.
    pub fn definitions(refused: &Refused, body: Option<&str>) -> Self {
        let errors = refused.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        let within = |diagnostic: &Diagnostic| {
            let rest = diagnostic.pointer.strip_prefix(body?)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
        };
        let detail = |diagnostic: &Diagnostic| {
            let message = format!("{}: {}", diagnostic.code, diagnostic.message);
            match within(diagnostic) {
                Some(pointer) => Detail::new(Place::Pointer(pointer), message),
                None if body.is_none() => Detail::new(Place::Pointer(diagnostic.pointer.clone()), message),
                None => Detail::new(
                    Place::Pointer(diagnostic.pointer.clone()),
                    format!("elsewhere in the registry: {message}"),
                ),
            }
        };
        let of_row = body.is_some_and(|body| body.starts_with("/overrides/"));
        let forbidden = |diagnostic: &Diagnostic| diagnostic.code == stitch_core::Code::ScopeNotAllowed;
        let error = if of_row && errors.clone().all(|error| forbidden(error) && within(error).is_some()) {
            Self::new(Code::ScopeNotAllowed, "the flag does not allow overrides at this scope")
        } else {
            Self::invalid("the definitions are refused")
        };
        error.details(errors.map(detail))
    }

    /// A context document that cannot be read; `base` is where it lies in the body.
    pub fn context(error: &ContextError, base: &str) -> Self {
        let detail = |problem: &stitch_core::ContextProblem| {
            Detail::new(Place::Pointer(format!("{base}{}", problem.pointer)), problem.message.clone())
        };
        Self::invalid("the context is refused").details(error.problems().iter().map(detail))
    }
}

/// The status alone: the body is written where the request's id and the shape of its family are known, in
/// [`crate::request`], which finds the failure among the extensions.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        let no_store = HeaderValue::from_static("private, no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, no_store);
        if self.code == Code::Unauthorized {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}
