//! `POST /ofrep/v1/evaluate/flags/{key}` and `POST /ofrep/v1/evaluate/flags`.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use xxhash_rust::xxh64::Xxh64;

use super::answer::{Bulk, Flag};
use super::failure::status;
use super::{Failure, context, credential, events};
use crate::error::Error;
use crate::extract;
use crate::handlers::matches;
use crate::instant::of_the_clock;
use crate::state::AppState;
use crate::wire;

/// One flag; the rest of the path is its key, `/` and all.
pub async fn flag(State(state): State<AppState>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let key = uri.path().strip_prefix(super::FLAG).unwrap_or_default();
    // No flag's key is anything but UTF-8, so what is not names no flag.
    let key = percent_decode_str(key).decode_utf8_lossy();
    one(&state, &key, &headers, &body).unwrap_or_else(|failure| failure.of_flag(&key).into_response())
}

fn one(state: &AppState, key: &str, headers: &HeaderMap, body: &[u8]) -> Result<Response, Failure> {
    let holder = credential::check(state, headers)?;
    let body = extract::json(headers, body)?;
    let served = state.load();
    let engine = &served.registry.engine;
    let document = context::read(body, engine, holder.as_ref(), of_the_clock())?;
    let context = document.context();
    let flag = Flag::of(&engine.evaluate(key, &context), document.user_id.is_some());
    let status = match &flag {
        Flag::Served(_) => StatusCode::OK,
        Flag::Failed(failed) => status(failed.code),
    };
    let mut response = answer(json(&flag)?);
    *response.status_mut() = status;
    Ok(response)
}

/// All flags, for a client that keeps them.
pub async fn flags(State(state): State<AppState>, headers: HeaderMap, body: Bytes) -> Response {
    all(&state, &headers, &body).unwrap_or_else(IntoResponse::into_response)
}

fn all(state: &AppState, headers: &HeaderMap, body: &[u8]) -> Result<Response, Failure> {
    let holder = credential::check(state, headers)?;
    let body = extract::json(headers, body)?;
    let asked = body.to_string();
    let served = state.load();
    let registry = &served.registry;
    let document = context::read(body, &registry.engine, holder.as_ref(), of_the_clock())?;
    let context = document.context();
    let evaluations = registry.engine.evaluate_all(&context);
    let named = document.user_id.is_some();
    let flags = evaluations.iter().map(|evaluation| Flag::of(evaluation, named)).collect();
    let body = json(&Bulk { flags, event_streams: [events::stream(registry)] })?;
    let etag = etag(&[wire::VERSION.as_bytes(), registry.revision.as_bytes(), asked.as_bytes(), &body]);
    let mut response = if matches(headers, &etag) {
        let mut response = answer(Vec::new());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_TYPE);
        response
    } else {
        answer(body)
    };
    response.headers_mut().insert(header::ETAG, HeaderValue::from_str(&etag).map_err(|_| Error::internal())?);
    Ok(response)
}

/// Of everything that the answer depends on, and of the answer: whatever changes it, the clock too, changes the tag.
fn etag(parts: &[&[u8]]) -> String {
    let mut hasher = Xxh64::new(0);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    format!("\"{:016x}\"", hasher.digest())
}

fn json(data: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(data).map_err(|_| Error::internal())
}

fn answer(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(wire::ABOUT_A_PERSON));
    response
}
