//! The body, as it was read on the way in.

use std::convert::Infallible;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};

/// The bytes of a body. axum's own extractor has a limit of its own, two mebibytes; here [`crate::request`] has read the
/// body within the operator's.
#[derive(Debug)]
pub struct Content(pub Bytes);

impl<S: Sync> FromRequest<S> for Content {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        // It is in memory already, so nothing can go wrong.
        Ok(Self(to_bytes(request.into_body(), usize::MAX).await.unwrap_or_default()))
    }
}
