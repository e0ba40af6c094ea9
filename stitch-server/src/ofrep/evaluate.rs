//! `POST /ofrep/v1/evaluate/flags/{key}` and `POST /ofrep/v1/evaluate/flags`.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use xxhash_rust::xxh64::Xxh64;

use super::answer::{Bulk, Flag};
use super::failure::status;
use super::{Failure, context, credential, events};
use crate::error::Error;
use crate::extract::{self, Call};
use crate::handlers::matches;
use crate::instant::of_the_clock;
use crate::state::AppState;
use crate::wire;

/// One flag; the rest of the path is its key, `/` and all.
pub async fn flag(State(state): State<AppState>, call: Call) -> Response {
    let key = call.uri.path().strip_prefix(super::FLAG).unwrap_or_default();
    // No flag's key is anything but UTF-8, so what is not names no flag.
    let key = percent_decode_str(key).decode_utf8_lossy();
    one(&state, &key, &call).unwrap_or_else(|failure| failure.of_flag(&key).into_response())
}

fn one(state: &AppState, key: &str, call: &Call) -> Result<Response, Failure> {
    let holder = credential::check(state, &call.headers)?;
    let body = extract::json(&call.headers, &call.body)?;
    let served = state.load();
    let engine = &served.registry.engine;
    let document = context::read(body, engine, holder.as_ref(), of_the_clock())?;
    let context = document.context();
    let evaluation = engine.evaluate(key, &context);
    state.metrics().evaluated(evaluation.reason);
    let flag = Flag::of(&evaluation, document.user_id.is_some());
    let status = match &flag {
        Flag::Served(_) => StatusCode::OK,
        Flag::Failed(failed) => status(failed.code),
    };
    let mut response = wire::json(json(&flag)?, wire::ABOUT_A_PERSON);
    *response.status_mut() = status;
    Ok(response)
}

/// All flags, for a client that keeps them.
pub async fn flags(State(state): State<AppState>, call: Call) -> Response {
    all(&state, &call).unwrap_or_else(IntoResponse::into_response)
}

fn all(state: &AppState, call: &Call) -> Result<Response, Failure> {
    let holder = credential::check(state, &call.headers)?;
    let body = extract::json(&call.headers, &call.body)?;
    let asked = body.to_string();
    let served = state.load();
    let registry = &served.registry;
    let document = context::read(body, &registry.engine, holder.as_ref(), of_the_clock())?;
    let context = document.context();
    let evaluations = registry.engine.evaluate_all(&context);
    let tally = state.metrics().tally();
    for evaluation in &evaluations {
        tally.count(evaluation.reason);
    }
    let named = document.user_id.is_some();
    let flags = evaluations.iter().map(|evaluation| Flag::of(evaluation, named)).collect();
    let body = json(&Bulk { flags, event_streams: [events::stream(registry)] })?;
    let etag = etag(&[wire::VERSION.as_bytes(), registry.revision.as_bytes(), asked.as_bytes(), &body]);
    let mut response = if matches(&call.headers, &etag) {
        let mut response = wire::json(Vec::new(), wire::ABOUT_A_PERSON);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_TYPE);
        response
    } else {
        wire::json(body, wire::ABOUT_A_PERSON)
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
