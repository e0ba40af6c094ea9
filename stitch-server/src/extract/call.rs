//! The request as a handler has it.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Uri};

use crate::error::Error;
use crate::wire::Meta;

/// A request taken apart. axum's own extractors copy each part, and read bodies within a limit of their own, two
/// mebibytes; here [`crate::request`] has read the body within the operator's.
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

impl<S: Sync> FromRequest<S> for Call {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let (mut parts, body) = request.into_parts();
        let meta = parts.extensions.remove().ok_or_else(Error::internal)?;
        let body = to_bytes(body, usize::MAX).await.map_err(|_| Error::internal())?;
        Ok(Self { meta, uri: parts.uri, headers: parts.headers, body })
    }
}
