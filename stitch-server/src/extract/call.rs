//! The request as a handler has it.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Uri};

use crate::error::Error;
use crate::request::Known;
use crate::wire::Meta;

/// A request taken apart. axum's own extractors copy each part, and read bodies within a limit of their own, two
/// mebibytes; [`crate::request`] has read the body within the operator's.
#[derive(Debug)]
pub struct Call {
    /// What is known of every request.
    pub meta: Meta,
    /// What is asked for.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl FromRequest<Known> for Call {
    type Rejection = Error;

    async fn from_request(request: Request, known: &Known) -> Result<Self, Error> {
        let (head, _) = request.into_parts();
        Ok(Self { meta: known.meta().clone(), uri: head.uri, headers: head.headers, body: known.body().clone() })
    }
}
