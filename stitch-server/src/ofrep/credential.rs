//! Who may ask over OFREP: the one place that SDK keys will come to.

use axum::http::{HeaderMap, HeaderName, header};

use super::Failure;
use crate::error::{Code, Error};

/// Refuses a credential that is presented and is not valid. There are no SDK keys in dev mode, so none is; falling back
/// to dev mode would let a client believe that its key works.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Failure> {
    const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
    if headers.contains_key(API_KEY) || headers.contains_key(header::AUTHORIZATION) {
        let error = Error::new(Code::Unauthorized, "this key is not valid: a server in dev mode has no SDK keys");
        return Err(error.hint("send neither `X-API-Key` nor `Authorization`").into());
    }
    Ok(())
}
