//! What is done for every request, whatever route it asks for: an id, the body, the guard, the failure's body.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::error::{Code, Error};
use crate::state::AppState;
use crate::wire::Meta;
use cors::Cors;

mod body;
mod cors;
mod family;
mod guard;
mod id;

/// The outermost layer.
pub async fn frame(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let meta = Meta { request_id: id::of(request.headers()), warnings: state.warnings() };
    let span = tracing::error_span!("request", request_id = &*meta.request_id);
    let answer = async {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let cors = Cors::of(&path, request.headers(), state.settings());
        let response = match admit(&state, request, &meta).await {
            Ok(request) => match cors.preflight(&request) {
                Some(response) => response,
                None => next.run(request).await,
            },
            Err(error) => error.into_response(),
        };
        let status = response.status();
        // The path alone: the query says who is asked for.
        tracing::debug!(%method, path, status = status.as_u16(), "answered");
        if status.is_server_error() {
            tracing::error!(%method, path, status = status.as_u16(), "failed");
        }
        let mut response = finish(response, &path, &meta);
        cors.tell(&mut response);
        response
    };
    answer.instrument(span).await
}

/// The request with its body read, if it may be here at all.
async fn admit(state: &AppState, request: Request, meta: &Meta) -> Result<Request, Error> {
    // The body first: a client that is still sending when the answer comes may never get to read it.
    let mut request = body::read(request, state.settings().body_limit).await?;
    guard::check(request.version(), request.uri(), request.headers(), state.settings())?;
    request.extensions_mut().insert(meta.clone());
    Ok(request)
}

fn finish(mut response: Response, path: &str, meta: &Meta) -> Response {
    if let Some(error) = response.extensions_mut().remove::<Error>() {
        *response.body_mut() = Body::from(family::failure(path, meta, error));
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Ok(id) = HeaderValue::from_str(&meta.request_id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// For an address that is not there.
pub async fn not_found() -> Error {
    Error::new(Code::NotFound, "there is nothing at this address").hint("see `spec/service.md` for the addresses")
}

/// For a method that an address does not have.
pub async fn method_not_allowed() -> Error {
    Error::new(Code::MethodNotAllowed, "this address does not have this method").hint("`Allow` says which it has")
}

/// For a panic in a handler. What it said stays in the log.
pub fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Error::internal().into_response()
}
