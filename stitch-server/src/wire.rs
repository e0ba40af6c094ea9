//! How answers look: from the core's results to JSON, in one place.

use std::io;
use std::net::IpAddr;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use stitch_core::{Evaluation, Explanation, Json};

use crate::error::{Code, Detail, Error};
use crate::extract::AuthSource;
use crate::request::RequestId;

mod body;
pub mod health;

pub(crate) use body::Body;

/// The name that answers give.
pub const NAME: &str = "stitch-server";
/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The version of the service contract, `spec/service.md`.
pub const CONTRACT_VERSION: &str = "1";

/// What callers may be warned of.
pub const WARNINGS: [&str; 3] = ["dev_mode", "insecure_dev_context", "identity_ignored"];

/// What is known of every request.
#[derive(Clone, Debug)]
pub struct Meta {
    /// The caller's, or a fresh one.
    pub request_id: RequestId,
    /// The other end of its connection.
    pub peer: IpAddr,
    /// What the caller should know about this server.
    pub warnings: &'static [&'static str],
}

impl Meta {
    /// Warns, if so, that the request says who is asked for, and that it does not count.
    #[must_use]
    pub fn ignoring(self, identity: bool) -> Self {
        if identity { Self { warnings: &["identity_ignored"], ..self } } else { self }
    }

    /// The last member of every answer, and its end. Nothing in it needs an escape.
    fn close(&self, auth_source: AuthSource, body: &mut Body) {
        body.raw(concat!(
            r#","service":{"name":"stitch-server","version":""#,
            env!("CARGO_PKG_VERSION"),
            r#"","contract_version":"1","auth_source":""#
        ));
        body.raw(auth_source.as_str());
        body.raw(r#"","warnings":["#);
        for (index, warning) in self.warnings.iter().enumerate() {
            body.raw(if index == 0 { "\"" } else { ",\"" });
            body.raw(warning);
            body.raw("\"");
        }
        body.raw(r#"],"request_id":""#);
        body.raw(self.request_id.as_str());
        body.raw(r#""}}"#);
    }
}

/// A success, with what its caller may keep of it.
///
/// # Errors
///
/// If the answer cannot be written, which is a mistake of ours.
pub fn success(
    meta: &Meta,
    auth_source: AuthSource,
    cache_control: &'static str,
    data: &impl Serialize,
) -> Result<Response, Error> {
    envelope(meta, auth_source, cache_control, 0, |body| body.value(data))
}

/// The answer of `eval`.
///
/// # Errors
///
/// If the answer cannot be written, which is a mistake of ours.
pub fn evaluation(meta: &Meta, auth_source: AuthSource, evaluation: &Evaluation<'_>) -> Result<Response, Error> {
    envelope(meta, auth_source, ABOUT_A_PERSON, RESULT, |body| body.evaluation(evaluation))
}

/// The answer of `eval/batch`: so many results, which `write` writes in the order asked for.
///
/// # Errors
///
/// If the answer cannot be written, which is a mistake of ours.
pub fn batch(
    meta: &Meta,
    auth_source: AuthSource,
    count: usize,
    write: impl FnOnce(&mut Results<'_>) -> io::Result<()>,
) -> Result<Response, Error> {
    envelope(meta, auth_source, ABOUT_A_PERSON, RESULT.saturating_mul(count), |body| {
        body.raw(r#"{"count":"#);
        body.value(&count)?;
        body.raw(r#","results":["#);
        write(&mut Results { body, any: false })?;
        body.raw("]}");
        Ok(())
    })
}

/// The results of a batch. Each is written as soon as it is known: to hand it on would be to copy it, which takes longer
/// than most take to decide.
#[derive(Debug)]
pub struct Results<'b> {
    body: &'b mut Body,
    any: bool,
}

impl Results<'_> {
    /// One more, without a trace.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    #[inline]
    pub fn evaluation(&mut self, evaluation: &Evaluation<'_>) -> io::Result<()> {
        self.next();
        self.body.evaluation(evaluation)
    }

    /// One more, with its trace.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn explanation(&mut self, explanation: &Explanation<'_>) -> io::Result<()> {
        self.next();
        self.body.value(explanation)
    }

    #[inline]
    fn next(&mut self) {
        if self.any {
            self.body.raw(",");
        }
        self.any = true;
    }
}

/// Bytes of what most results have, and of what is round them: buffers of that size seldom grow.
const RESULT: usize = 160;
const AROUND: usize = 320;

fn envelope(
    meta: &Meta,
    auth_source: AuthSource,
    cache_control: &'static str,
    expected: usize,
    data: impl FnOnce(&mut Body) -> io::Result<()>,
) -> Result<Response, Error> {
    let mut body = Body::with_capacity(expected + AROUND);
    body.raw(r#"{"ok":true,"data":"#);
    data(&mut body).map_err(|_| Error::internal())?;
    body.raw(r#","error":null"#);
    meta.close(auth_source, &mut body);
    Ok(json(body.into_bytes(), cache_control))
}

/// An answer of that JSON, with what its caller may keep of it.
pub(crate) fn json(body: impl Into<axum::body::Body>, cache_control: &'static str) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
    response
}

/// A success of `/v1`, as it is: the data alone.
///
/// # Errors
///
/// If the answer cannot be written, which is a mistake of ours.
pub fn plain(status: StatusCode, data: &impl Serialize) -> Result<Response, Error> {
    let body = serde_json::to_vec(data).map_err(|_| Error::internal())?;
    let mut response = json(body, ABOUT_A_PERSON);
    *response.status_mut() = status;
    Ok(response)
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Error", deny_unknown_fields)]
pub(crate) struct Failure<'a> {
    code: Code,
    /// A sentence.
    message: &'a str,
    /// How to mend it.
    hint: Option<&'a str>,
    /// Each thing that is wrong.
    #[serde(skip_serializing_if = "<[Detail]>::is_empty")]
    details: &'a [Detail],
}

/// The body of a failure.
pub fn failure(meta: &Meta, error: &Error) -> Vec<u8> {
    let failure =
        Failure { code: error.code, message: &error.message, hint: error.hint.as_deref(), details: &error.details };
    let mut body = Body::with_capacity(2 * AROUND);
    body.raw(r#"{"ok":false,"data":null,"error":"#);
    body.value(&failure).unwrap_or_else(|error| unreachable!("texts and numbers: {error}"));
    meta.close(error.auth_source, &mut body);
    body.into_bytes()
}

/// An answer about a person: nobody may keep it.
pub const ABOUT_A_PERSON: &str = "private, no-store";

/// The answer of `registry`: rows as written, or summaries.
#[derive(Serialize)]
pub struct Flags<T> {
    /// How many there are.
    pub count: usize,
    /// In the order of the document.
    pub flags: T,
}

/// A row of the registry's summary; what the document does not say has the default of the evaluation contract.
#[derive(Serialize)]
pub struct Summary<'a> {
    key: &'a Json<'a>,
    #[serde(rename = "type")]
    value_type: &'a Json<'a>,
    rollout_stage: &'a Json<'a>,
    rollout_pct: &'a Json<'a>,
    requires_approval: &'a Json<'a>,
    sensitive_flag: &'a Json<'a>,
    owner: &'a Json<'a>,
}

impl<'a> Summary<'a> {
    /// Of a flag as the document writes it.
    pub fn of(flag: &'a Json<'a>) -> Self {
        const NULL: &Json<'static> = &Json::Null;
        const FALSE: &Json<'static> = &Json::Boolean(false);
        const ZERO: &Json<'static> = &Json::Number(stitch_core::Number::Integer(0));
        const BOOLEAN: &Json<'static> = &Json::Text(std::borrow::Cow::Borrowed("boolean"));
        const DRAFT: &Json<'static> = &Json::Text(std::borrow::Cow::Borrowed("draft"));
        let field = |key, default| flag.get(key).unwrap_or(default);
        Self {
            key: field("key", NULL),
            value_type: field("type", BOOLEAN),
            rollout_stage: field("rollout_stage", DRAFT),
            rollout_pct: field("rollout_pct", ZERO),
            requires_approval: field("requires_approval", FALSE),
            sensitive_flag: field("sensitive_flag", FALSE),
            owner: field("owner", NULL),
        }
    }
}
