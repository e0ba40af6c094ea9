//! `GET /api/flags/registry`: the flags as they were written, or a row of each.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use stitch_core::Json;

use crate::auth::Asker;
use crate::error::Error;
use crate::extract::{AuthSource, Call, Query};
use crate::handlers::matches;
use crate::state::AppState;
use crate::wire::{self, Flags, Summary};

/// May be kept by its caller alone, and asked for again each time: most often there is nothing new.
const REVALIDATED: &str = "private, no-cache";

/// Lists the flags.
///
/// # Errors
///
/// If the query is not as the contract says.
pub async fn registry(State(state): State<AppState>, who: Asker, call: Call) -> Result<Response, Error> {
    let summary = Query::read(&call.uri, &["summary"], false)?.switch("summary")?;
    // All environments are in it.
    who.require_read(None)?;
    let served = state.load();
    let registry = &served.registry;
    let form = if summary { "summary" } else { "full" };
    let etag = format!("\"{}-{}-{form}\"", registry.revision, wire::VERSION);
    let mut response = if matches(&call.headers, &etag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(REVALIDATED));
        response
    } else {
        let flags = match registry.definitions.document().get("flags") {
            Some(Json::Array(flags)) => flags.as_slice(),
            _ => &[],
        };
        let count = flags.len();
        if summary {
            let flags: Vec<_> = flags.iter().map(Summary::of).collect();
            wire::success(&call.meta, AuthSource::None, REVALIDATED, &Flags { count, flags })?
        } else {
            wire::success(&call.meta, AuthSource::None, REVALIDATED, &Flags { count, flags })?
        }
    };
    response.headers_mut().insert(header::ETAG, HeaderValue::from_str(&etag).map_err(|_| Error::internal())?);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Authorization"));
    Ok(response)
}
